//! Secrets on the command line: never as text, which others could see.

use std::{io::Read, str::FromStr};

use anyhow::{Context, Result};
use gatehall_portal::operation::NewSecret;
use secrecy::SecretString;

/// Where a secret comes from: `stdin`, `file:PATH`, or `env:NAME` for a variable that the gateway
/// reads when it needs it.
#[derive(Debug, Clone)]
pub(super) enum SecretArgument {
    Stdin,
    File(String),
    Environment(String),
}

impl FromStr for SecretArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.split_once(':')) {
            ("stdin", _) => Ok(Self::Stdin),
            (_, Some(("file", path))) => Ok(Self::File(path.to_owned())),
            (_, Some(("env", name))) if !name.is_empty() => Ok(Self::Environment(name.to_owned())),
            _ => Err("the source must be stdin, file:PATH or env:NAME (a secret itself never \
                      stands on the command line)"
                .into()),
        }
    }
}

impl SecretArgument {
    /// Reads it, unless the gateway will.
    pub(super) fn read(&self) -> Result<NewSecret> {
        let text = match self {
            Self::Environment(name) => return Ok(NewSecret::Environment(name.clone())),
            Self::File(path) => std::fs::read_to_string(path)
                .with_context(|| format!("reading the secret from {path}"))?,
            Self::Stdin => {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .context("reading the secret from standard input")?;
                text
            }
        };
        Ok(NewSecret::Value(SecretString::from(text.trim_end().to_owned())))
    }
}
