//! Secrets of the gate itself: each stands in its setting or in a file, never in both.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use gatehall_vault::{is_placeholder, load_secret};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::StoreSettings;

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

impl StoreSettings {
    /// The password of the database, where it lies in a file.
    ///
    /// # Errors
    /// If the database has none, or another, or the file cannot be used.
    pub(crate) fn database_password(&self) -> Result<Option<SecretString>> {
        const NAME: &str = "GATEHALL_DATABASE_PASSWORD";
        let Some(told) = told(NAME, None, self.database_password_file.as_deref())? else {
            return Ok(None);
        };
        let url = self.database.as_deref().unwrap_or_default();
        ensure!(
            url.starts_with("postgres:") || url.starts_with("postgresql:"),
            "{NAME}_FILE is for PostgreSQL, and GATEHALL_DATABASE names none: set it to \
             postgres://USER@HOST/NAME, or unset {NAME}_FILE"
        );
        ensure!(
            !Url::parse(url).is_ok_and(|url| has_password(&url)),
            "{NAME}_FILE is set, and GATEHALL_DATABASE has a password of its own: take it out of \
             the address"
        );
        ensure!(
            !is_placeholder(told.secret.expose_secret()),
            "what is in {} only stands in for a password: write that of the database into it",
            told.place
        );
        Ok(Some(told.secret))
    }
}

/// Whether the address of a database has a password in it.
pub(crate) fn has_password(url: &Url) -> bool {
    url.password().is_some() || url.query_pairs().any(|(name, _)| name.contains("pass"))
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, path::PathBuf};

    use super::*;
    use crate::cli::read_arguments;

    fn store(arguments: &[&str]) -> StoreSettings {
        let all = ["gatehall"].iter().chain(arguments).chain(&["check"]).map(Into::into);
        read_arguments(all).unwrap().store
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
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

    #[test]
    fn a_password_is_for_a_database_that_has_none_yet() {
        let (_folder, path) = file("pa ss\n");
        let path = path.to_str().unwrap();
        let password = |url: &[&str]| {
            store(&[&["--database-password-file", path], url].concat()).database_password()
        };
        let plain = password(&["--database", "postgres://gate@db/gatehall"]).unwrap().unwrap();
        assert_eq!(plain.expose_secret(), "pa ss");
        for (url, says) in [
            (&["--database", "postgres://gate:word@db/gatehall"][..], "take it out"),
            (&["--database", "postgres://gate@db/gatehall?password=word"], "take it out"),
            (&["--database", "sqlite:/data/x.db"], "postgres://USER@HOST/NAME"),
            (&[], "postgres://USER@HOST/NAME"),
        ] {
            let error = password(url).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("word@"), "{url:?}: {error}");
        }
        let (_folder, path) = file("changeme");
        let arguments = ["--database-password-file", path.to_str().unwrap(), "--database"];
        let weak = store(&[&arguments[..], &["postgres://gate@db/gatehall"]].concat());
        let error = weak.database_password().unwrap_err().to_string();
        assert!(error.contains("stands in") && error.contains("GATEHALL_DATABASE_PASSWORD_FILE"));
        assert!(store(&[]).database_password().unwrap().is_none());
    }
}
