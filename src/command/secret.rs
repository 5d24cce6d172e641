//! Secrets on the command line: never as text, which others could see.

use std::str::FromStr;

use anyhow::{Context, Result};
use gatehall_control::operation::{NewSecret, read_secret, read_secret_file};
use gatehall_vault::Vault;

use crate::output::error;

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

/// Says what the gate needs to read a secret from a variable, if it does not have it here.
pub(super) fn remind<'s>(vault: &Vault, secrets: impl Iterator<Item = &'s NewSecret>) {
    for secret in secrets {
        if let NewSecret::Environment(name) = secret
            && let Err(problem) = vault.may_read(name)
        {
            error(&problem.to_string());
        }
    }
}

impl SecretArgument {
    /// Reads it, unless the gateway will.
    pub(super) fn read(&self) -> Result<NewSecret> {
        Ok(NewSecret::Value(match self {
            Self::Environment(name) => return Ok(NewSecret::Environment(name.clone())),
            Self::File(path) => {
                read_secret_file(path).with_context(|| format!("reading the secret from {path}"))?
            }
            Self::Stdin => {
                read_secret(std::io::stdin()).context("reading the secret from standard input")?
            }
        }))
    }
}
