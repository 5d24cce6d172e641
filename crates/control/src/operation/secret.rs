use std::{
    fs::File,
    io::{Error, ErrorKind, Read},
};

use gatehall_domain::{Refusal, bare, file_text};
use gatehall_vault::LONGEST_SECRET;
use secrecy::{ExposeSecret, SecretString};

/// A secret as it comes in.
#[derive(Debug, Clone)]
pub enum NewSecret {
    /// To be sealed and stored.
    Value(SecretString),
    /// To be read from this environment variable of the gateway, and not stored.
    Environment(String),
}

/// A secret that is to be sealed, as it is meant.
///
/// # Errors
/// If it is empty, longer than servers take, or holds what no header and no variable can.
pub(crate) fn checked(secret: &SecretString) -> Result<SecretString, Refusal> {
    let plain = bare(secret.expose_secret());
    if plain.is_empty() || plain.chars().any(char::is_control) {
        let problem = "must not be empty or contain control characters such as line breaks";
        return Err(Refusal::invalid("secret", problem));
    }
    if plain.len() > LONGEST_SECRET {
        let problem =
            format!("is longer than {LONGEST_SECRET} bytes: enter only the token or password");
        return Err(Refusal::invalid("secret", problem));
    }
    Ok(SecretString::from(plain.to_owned()))
}

/// Reads a secret that is all a file or a pipe holds, but for line ends behind it.
///
/// # Errors
/// If it cannot be read, or is longer than any secret.
pub fn read_secret(from: impl Read) -> std::io::Result<SecretString> {
    // One byte more than there may be is enough to see that it is too long.
    let mut bytes = Vec::new();
    from.take(2 * LONGEST_SECRET as u64 + 64).read_to_end(&mut bytes)?;
    let no_text = || Error::new(ErrorKind::InvalidData, "save it as UTF-8 text");
    let text = file_text(&bytes).ok_or_else(no_text)?;
    Ok(SecretString::from(text.trim_end().to_owned()))
}

/// Reads a secret from a file of this machine.
///
/// # Errors
/// As for [`read_secret`].
pub fn read_secret_file(path: &str) -> std::io::Result<SecretString> {
    read_secret(File::open(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_a_bound() {
        let check = |text: String| checked(&SecretString::from(text));
        assert!(check("x".repeat(LONGEST_SECRET)).is_ok());
        let error = check("x".repeat(LONGEST_SECRET + 1)).unwrap_err().to_string();
        assert!(error.contains("secret") && error.contains("16384"), "{error}");
        assert!(check(String::new()).is_err() && check("a\nb".into()).is_err());
        // Nothing endless is read to its end.
        let endless = read_secret(std::io::repeat(b'x')).unwrap();
        assert!(checked(&endless).is_err());
    }

    #[test]
    fn a_secret_is_what_is_meant_by_it() {
        let utf16: Vec<u8> =
            "\u{feff}s3cret\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&b"s3cret\r\n"[..], b"\xef\xbb\xbfs3cret\n", &utf16] {
            assert_eq!(read_secret(bytes).unwrap().expose_secret(), "s3cret");
        }
        assert!(read_secret(&b"s3cr\xe9t"[..]).unwrap_err().to_string().contains("UTF-8"));
        for pasted in ["\u{feff}s3cret", "s3cret\n", "\u{feff}s3cret\r\n"] {
            let secret = checked(&SecretString::from(pasted.to_owned())).unwrap();
            assert_eq!(secret.expose_secret(), "s3cret", "{pasted:?}");
        }
    }
}
