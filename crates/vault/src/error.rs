use crate::LONGEST_SECRET;

/// Why something was not sealed, opened or loaded.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The value was sealed with a key that is not in the key file.
    #[error(
        "it was sealed with a key that the key file does not hold: put that key back as a further line"
    )]
    UnknownKey,
    /// The value was changed, or belongs to another place.
    #[error("it is damaged or was sealed for another place")]
    Damaged,
    /// The system's crypto or random source failed.
    #[error("the system's crypto failed")]
    Crypto,
    /// A line of the key file is not a key.
    #[error(
        "line {line} is not 32 bytes in base64: restore the file from a backup, or remove the line"
    )]
    BadLine {
        /// The line, from 1.
        line: usize,
    },
    /// The key file holds no key.
    #[error("it holds no key: restore it from a backup, or remove it to have a new one made")]
    Empty,
    /// Others than the owner can read the key file.
    #[error("others can read it (mode {mode:o}): run chmod 600 on it")]
    Exposed {
        /// The file's permission bits.
        mode: u32,
    },
    /// The gateway's environment lacks a variable.
    #[error("the environment variable {0} is not set for the gateway: set it and start again")]
    NoVariable(String),
    /// Nobody said that a variable holds a secret of a server.
    #[error(
        "the gate may not read the environment variable {0} for it: whoever starts the gate sets \
         GATEHALL_SECRET_VARIABLES={0} (several are separated by commas)"
    )]
    UnknownVariable(String),
    /// A variable holds a setting of Gatehall itself.
    #[error("{0} is a variable of Gatehall itself, which no server gets: use another")]
    OwnVariable(String),
    /// A secret is longer than any server takes.
    #[error("it is longer than {LONGEST_SECRET} bytes")]
    TooLong,
    /// The file holds something else than text.
    #[error("it holds no text: save it as UTF-8")]
    NoText,
    /// The key file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
