use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use gatehall_vault::{SecretVariable, is_placeholder};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    processes::ProcessSettings,
    secrets::{has_password, told},
};

/// Where the company is kept.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Store")]
pub struct StoreSettings {
    /// Folder for the embedded database, keys and what has to survive a restart. Made if it is not
    /// there. [default: gatehall in the user's data folder]
    #[arg(long, env = "GATEHALL_DATA_DIR", value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,

    /// Database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME. [default: SQLite in the data
    /// folder]
    #[arg(
        long,
        env = "GATEHALL_DATABASE",
        value_name = "URL",
        global = true,
        hide_env_values = true
    )]
    pub database: Option<String>,

    /// File with the password for the PostgreSQL of --database, whose address has none then.
    /// [default: none]
    #[arg(long, env = "GATEHALL_DATABASE_PASSWORD_FILE", value_name = "FILE", global = true)]
    pub database_password_file: Option<PathBuf>,

    /// File with the keys that seal credentials, the newest first. Replicas share it. [default:
    /// vault.keys in the data folder, made if it is not there]
    #[arg(long, env = "GATEHALL_VAULT_KEYS", value_name = "FILE", global = true)]
    pub vault_keys: Option<PathBuf>,

    /// Variables of the gate that hold secrets of servers and providers, for credentials that name
    /// a variable in place of a secret: names, or MCP_* for all that begin so, separated by commas.
    /// Those of Gatehall itself are never read. [default: none]
    #[arg(
        long,
        env = "GATEHALL_SECRET_VARIABLES",
        value_name = "NAMES",
        value_delimiter = ',',
        global = true
    )]
    pub secret_variables: Vec<SecretVariable>,

    /// TOML file with settings by their long names, such as listen = "0.0.0.0:8080". Flags and
    /// variables win over it.
    #[arg(long, env = "GATEHALL_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc here would become the help's text")]
    pub processes: ProcessSettings,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::read_arguments, settings::secrets::tests::file};

    fn store(arguments: &[&str]) -> StoreSettings {
        let all = ["gatehall"].iter().chain(arguments).chain(&["check"]).map(Into::into);
        read_arguments(all).unwrap().store
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
