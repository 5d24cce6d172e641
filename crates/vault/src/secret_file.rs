//! Files that somebody else made and that hold one secret: read, never made.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use gatehall_domain::{bare, file_text};
use secrecy::SecretString;

use crate::{LONGEST_SECRET, key_file::is_mounted_to_read};

/// Why a file with a secret is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// There is none.
    #[error("it is not there: make it, or name the right one")]
    Missing,
    /// It is something else.
    #[error("it is a folder: name the file in it, or remove the folder and make the file")]
    Folder,
    /// This user may not read it.
    #[error("this user may not read it: change its owner, its mode, or those of its folder")]
    Closed,
    /// Others can read it.
    #[error("others can read it (mode {mode:o}): run chmod 600 on it")]
    Exposed {
        /// The file's permission bits.
        mode: u32,
    },
    /// Nothing is in it.
    #[error("it is empty: write the secret into it, and nothing else")]
    Empty,
    /// More is in it than one secret.
    #[error(
        "it holds more than one line, or control characters: write the secret into it, and nothing \
         else"
    )]
    Lines,
    /// It is longer than any secret.
    #[error("it is longer than {LONGEST_SECRET} bytes: write the secret into it, and nothing else")]
    TooLong,
    /// It holds something else than text.
    #[error("it holds no text: save it as UTF-8")]
    NoText,
    /// The system does not give it out.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for SecretFileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Missing,
            ErrorKind::PermissionDenied => Self::Closed,
            ErrorKind::IsADirectory => Self::Folder,
            _ => Self::Io(error),
        }
    }
}

/// Loads the secret that is all a file holds. A mark before it and line ends behind it do not
/// count.
///
/// # Errors
/// Whatever keeps the file from being read or trusted.
pub fn load_secret(path: &Path) -> Result<SecretString, SecretFileError> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(SecretFileError::Folder);
    }
    let mode = metadata.permissions().mode() & 0o777;
    // A group may read it: that is how orchestrators hand secrets over.
    if mode & 0o037 != 0 && !is_mounted_to_read(path) && !is_in_a_closed_folder(path) {
        return Err(SecretFileError::Exposed { mode });
    }
    // As UTF-16 it has twice the bytes, and a mark. One more is enough to see that it is too long.
    let most = 2 * LONGEST_SECRET as u64 + 64;
    let mut bytes = Vec::new();
    (&mut file).take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(SecretFileError::TooLong);
    }
    let text = file_text(&bytes).ok_or(SecretFileError::NoText)?;
    match bare(&text) {
        secret if secret.trim().is_empty() => Err(SecretFileError::Empty),
        secret if secret.chars().any(char::is_control) => Err(SecretFileError::Lines),
        secret if secret.len() > LONGEST_SECRET => Err(SecretFileError::TooLong),
        secret => Ok(SecretString::from(secret.to_owned())),
    }
}

/// Whether a folder above it lets nobody in but its owner, so that the file's own mode counts for
/// nobody else: so lie the secrets that several containers read, each as a user of its own.
fn is_in_a_closed_folder(path: &Path) -> bool {
    let is_closed =
        |folder: &Path| fs::metadata(folder).is_ok_and(|it| it.permissions().mode() & 0o011 == 0);
    path.canonicalize().is_ok_and(|whole| whole.ancestors().skip(1).any(is_closed))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use secrecy::ExposeSecret;
    use tempfile::TempDir;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A folder that everybody may enter.
    fn open_folder() -> TempDir {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        set(folder.path(), 0o755);
        folder
    }

    #[test]
    fn a_secret_is_read_as_it_is_meant() {
        let folder = open_folder();
        let path = folder.path().join("password");
        let utf16: Vec<u8> =
            "\u{feff}pa ss\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&b"pa ss"[..], b"pa ss\n", b"\xef\xbb\xbfpa ss\r\n\n", &utf16] {
            fs::write(&path, bytes).unwrap();
            set(&path, 0o640);
            assert_eq!(load_secret(&path).unwrap().expose_secret(), "pa ss");
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_with_the_remedy() {
        let folder = open_folder();
        let path = folder.path().join("password");
        let long = "x".repeat(LONGEST_SECRET + 1);
        for (bytes, says) in [
            (&b""[..], "empty"),
            (b"\r\n", "empty"),
            (b"  \n", "empty"),
            (b"one\ntwo\n", "more than one line"),
            (b"s3cr\xe9t", "UTF-8"),
            (long.as_bytes(), "longer"),
        ] {
            fs::write(&path, bytes).unwrap();
            set(&path, 0o600);
            let error = load_secret(&path).unwrap_err().to_string();
            assert!(error.contains(says), "{says}: {error}");
        }
        assert!(matches!(load_secret(folder.path()), Err(SecretFileError::Folder)));
        let missing = load_secret(&folder.path().join("none"));
        assert!(matches!(missing, Err(SecretFileError::Missing)), "{missing:?}");
        let below = load_secret(&path.join("none"));
        assert!(matches!(below, Err(SecretFileError::Missing)), "{below:?}");
        let endless = load_secret(Path::new("/dev/zero"));
        assert!(endless.is_err());
    }

    #[test]
    fn others_can_read_it_unless_its_folder_keeps_them_out() {
        let folder = open_folder();
        let closed = folder.path().join("secrets");
        fs::create_dir(&closed).unwrap();
        let path = closed.join("password");
        fs::write(&path, "s3cret").unwrap();
        for (of_folder, of_file, is_taken) in [
            (0o755, 0o600, true),
            (0o755, 0o440, true),
            (0o755, 0o444, false),
            (0o755, 0o660, false),
            (0o711, 0o444, false),
            (0o710, 0o444, false),
            (0o700, 0o444, true),
            (0o744, 0o444, true),
        ] {
            set(&closed, of_folder);
            set(&path, of_file);
            let loaded = load_secret(&path);
            assert_eq!(loaded.is_ok(), is_taken, "{of_folder:o} {of_file:o}: {loaded:?}");
            let mode =
                |error| matches!(error, SecretFileError::Exposed { mode } if mode == of_file);
            assert!(loaded.err().is_none_or(mode), "{of_folder:o} {of_file:o}");
        }
    }
}
