//! The folder from which a deployment is started: its variables, its secrets, and whether the copies
//! of one secret are equal. No secret is shown, only the beginning of its SHA-256.

mod copies;
mod machine;
mod modes;
mod provider;
mod secrets;
mod variables;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use gatehall_domain::names::short_digest;
use gatehall_identity::Finding;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use self::variables::read_variables;
use crate::{Model, Senses, report::Report};

/// What has to be done where a file is missing.
const INIT: &str = "gatehall init compose --domain DOMAIN, which writes what is missing and leaves \
                    the rest as it is";

/// A folder with a Compose file, its variables and its secrets.
#[derive(Debug)]
pub struct ComposeFolder {
    path: PathBuf,
    variables: BTreeMap<String, String>,
    /// What Open WebUI is started with, where it can be read.
    chat: Option<BTreeMap<String, SecretString>>,
}

/// Why there is no such folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderFault {
    /// Its variables cannot be read.
    #[error(
        "{file} cannot be read ({error}): name the folder that has the .env of the Compose file, \
         or make one with {INIT}"
    )]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
}

impl ComposeFolder {
    /// Reads the variables of a folder.
    ///
    /// # Errors
    /// If it has none.
    pub fn open(path: &Path) -> Result<Self, FolderFault> {
        let file = path.join(".env");
        let text = std::fs::read_to_string(&file)
            .map_err(|error| FolderFault::Unreadable { file: file.display().to_string(), error })?;
        let chat = std::fs::read_to_string(path.join("secrets/open-webui.env")).ok();
        let chat = chat.map(|text| {
            let secret = |(name, value): (String, String)| (name, SecretString::from(value));
            read_variables(&text).into_iter().map(secret).collect()
        });
        Ok(Self { path: path.to_owned(), variables: read_variables(&text), chat })
    }

    /// A variable that is there and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|it| !it.is_empty())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it starts an identity provider of its own.
    pub fn has_authentik(&self) -> bool {
        let profiles = self.variable("COMPOSE_PROFILES").unwrap_or_default();
        profiles.split(',').any(|it| it.trim() == "authentik")
            || self.variable("PROVIDER_PROFILE") == Some("authentik")
    }

    /// Where its models are.
    pub fn model(&self) -> Option<Model> {
        let url: Url = self.variable("OPENAI_API_BASE_URL")?.parse().ok()?;
        Some(Model { url, key: self.secret("openai_api_key").filter(is_set) })
    }

    /// One of its secrets, as the programs read it.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        let text = std::fs::read_to_string(self.path.join("secrets").join(name)).ok()?;
        Some(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Whether all that has to be there is there, closed to others, and fits together. The ports
    /// are those that the machine must have free for the proxy.
    pub async fn findings(&self, senses: &Senses, ports: [u16; 2], host: &str) -> Vec<Finding> {
        let mut report = Report::default();
        variables::judge(self, &mut report);
        modes::judge(&self.path, &mut report);
        secrets::judge(self, &mut report);
        copies::judge(self, &mut report);
        provider::look(self, senses, &mut report).await;
        machine::look(ports, host, senses, &mut report).await;
        report.into_findings()
    }
}

fn is_set(secret: &SecretString) -> bool {
    !secret.expose_secret().trim().is_empty()
}

/// What tells a secret from others without giving it away.
fn digest(secret: &SecretString) -> String {
    short_digest(secret.expose_secret())
}

#[cfg(test)]
mod tests;
