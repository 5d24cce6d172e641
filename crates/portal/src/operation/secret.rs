use std::{fs::File, io::Read};

use gatehall_domain::Refusal;
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

/// Checks a secret that is to be sealed.
///
/// # Errors
/// If it is empty, longer than servers take, or holds what no header and no variable can.
pub(crate) fn check_secret(secret: &SecretString) -> Result<(), Refusal> {
    let plain = secret.expose_secret();
    if plain.is_empty() || plain.chars().any(char::is_control) {
        let problem = "must not be empty or hold control characters such as line ends";
        return Err(Refusal::invalid("secret", problem));
    }
    if plain.len() > LONGEST_SECRET {
        let problem =
            format!("is longer than {LONGEST_SECRET} bytes: give the token or password alone");
        return Err(Refusal::invalid("secret", problem));
    }
    Ok(())
}

/// Reads a secret that is all a file or a pipe holds, but for line ends behind it.
///
/// # Errors
/// If it cannot be read, or is longer than any secret.
pub fn read_secret(from: impl Read) -> std::io::Result<SecretString> {
    // One byte more than there may be is enough to see that it is too long.
    let mut text = String::new();
    from.take(LONGEST_SECRET as u64 + 64).read_to_string(&mut text)?;
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
        let check = |text: String| check_secret(&SecretString::from(text));
        assert!(check("x".repeat(LONGEST_SECRET)).is_ok());
        let error = check("x".repeat(LONGEST_SECRET + 1)).unwrap_err().to_string();
        assert!(error.contains("secret") && error.contains("16384"), "{error}");
        assert!(check(String::new()).is_err() && check("a\nb".into()).is_err());
        // Nothing endless is read to its end.
        let endless = read_secret(std::io::repeat(b'x')).unwrap();
        assert!(check_secret(&endless).is_err());
        assert_eq!(read_secret(&b"s3cret\r\n"[..]).unwrap().expose_secret(), "s3cret");
    }
}
