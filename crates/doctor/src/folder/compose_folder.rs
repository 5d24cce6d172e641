use std::path::{Path, PathBuf};

use gatehall_compose_folder::{Dotenv, chat_env, secret_files, variables as dotenv};
use gatehall_domain::names::short_digest;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Model;

/// What has to be done where a file is missing.
pub(super) const INIT: &str = "gatehall init compose --domain DOMAIN, which writes what is missing and leaves \
                    the rest as it is";

/// A folder with a Compose file, its variables and its secrets.
#[derive(Debug)]
pub struct ComposeFolder {
    path: PathBuf,
    pub(super) variables: Dotenv,
    /// The variables that Open WebUI is started with, where they can be read.
    pub(super) chat: Option<SecretString>,
}

/// Why there is no such folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderFault {
    /// It has no variables.
    #[error(
        "{} has no .env: name the folder that has the one of the Compose file, or make it with \
         {INIT}",
        .0.display()
    )]
    Empty(PathBuf),
    /// Its variables cannot be read.
    #[error("in {}: {problem}", folder.display())]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// Why, and what to do.
        problem: String,
    },
}

impl ComposeFolder {
    /// Reads the variables of a folder.
    ///
    /// # Errors
    /// If it has none, or Compose could not read them.
    pub fn open(path: &Path) -> Result<Self, FolderFault> {
        let variables = dotenv::read(path)
            .map_err(|problem| FolderFault::Unreadable { folder: path.to_owned(), problem })?
            .ok_or_else(|| FolderFault::Empty(path.to_owned()))?;
        let chat = path.join(secret_files::FOLDER).join(chat_env::NAME);
        let chat = std::fs::read_to_string(chat).ok().map(SecretString::from);
        Ok(Self { path: path.to_owned(), variables, chat })
    }

    /// A variable that is there and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).filter(|it| !it.is_empty())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it starts an identity provider of its own.
    pub fn has_authentik(&self) -> bool {
        dotenv::has_authentik(&self.variables)
    }

    /// Where its models are.
    pub fn model(&self) -> Option<Model> {
        let url: Url = self.variable("OPENAI_API_BASE_URL")?.parse().ok()?;
        Some(Model { url, key: self.secret(secret_files::MODEL) })
    }

    pub(super) fn secrets(&self) -> PathBuf {
        self.path.join(secret_files::FOLDER)
    }

    /// One of its secrets, as the programs read it.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        secret_files::secret(&self.secrets(), name)
    }
}

/// What tells a secret from others without giving it away.
pub(super) fn digest(secret: &SecretString) -> String {
    short_digest(secret.expose_secret())
}
