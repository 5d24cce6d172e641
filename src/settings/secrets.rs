//! Secrets of the gate itself: each stands in its setting or in a file, never in both.

use std::path::Path;

use anyhow::{Context, Result, bail};
use gatehall_vault::load_secret;
use secrecy::SecretString;
use url::Url;

/// A secret, and where it lies, for people.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) secret: SecretString,
    pub(crate) place: String,
}

/// The secret of a setting, which stands in the variable `name` or in the file that `name_FILE`
/// names.
///
/// # Errors
/// If it is said twice, or the file cannot be used.
pub(crate) fn told(
    name: &str,
    value: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<Told>> {
    match (value, file) {
        (Some(_), Some(_)) => {
            bail!(
                "{name} and {name}_FILE are both set, and only one of them can be meant: unset one"
            )
        }
        (Some(secret), None) => Ok(Some(Told { secret: secret.clone(), place: name.to_owned() })),
        (None, Some(file)) => {
            let place = format!("the file {} of {name}_FILE", file.display());
            let secret = load_secret(file).with_context(|| format!("{place} cannot be used"))?;
            Ok(Some(Told { secret, place }))
        }
        (None, None) => Ok(None),
    }
}

/// Whether the address of a database has a password in it.
pub(crate) fn has_password(url: &Url) -> bool {
    url.password().is_some() || url.query_pairs().any(|(name, _)| name.contains("pass"))
}

#[cfg(test)]
pub(super) mod tests {
    use std::{os::unix::fs::PermissionsExt, path::PathBuf};

    use secrecy::ExposeSecret;

    use super::*;

    /// A file that nobody else may read, and the folder that it goes with.
    pub(in crate::settings) fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_secret_is_said_once() {
        let (_folder, path) = file("the secret of the file\r\n");
        let value = SecretString::from("the secret of the setting");
        let both = told("GATEHALL_X", Some(&value), Some(&path)).unwrap_err().to_string();
        assert!(both.contains("GATEHALL_X and GATEHALL_X_FILE"), "{both}");
        assert!(!both.contains("secret of"), "{both}");
        let one = told("GATEHALL_X", None, Some(&path)).unwrap().unwrap();
        assert_eq!(one.secret.expose_secret(), "the secret of the file");
        assert!(one.place.contains("password of GATEHALL_X_FILE"), "{}", one.place);
        assert!(told("GATEHALL_X", None, None).unwrap().is_none());
        let missing = told("GATEHALL_X", None, Some(Path::new("/no/such"))).unwrap_err();
        let missing = format!("{missing:#}");
        assert!(missing.contains("the file /no/such of GATEHALL_X_FILE"), "{missing}");
    }
}
