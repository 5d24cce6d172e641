use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use secrecy::SecretString;

use super::{access::AccessOptions, terms::TermOptions, test_user::TestOptions};
use crate::{command::chats::ChatOptions, output::Format, settings::secret};

#[derive(Debug, Args)]
pub(super) struct SetupOptions {
    #[command(flatten)]
    pub(super) access: AccessOptions,
    #[command(flatten)]
    pub(super) terms: TermOptions,
    /// Service key for the connection. [default: the one that is there, or a new one]
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_KEY",
        value_name = "KEY",
        hide_env_values = true,
        conflicts_with_all = ["key_file", "new_key"]
    )]
    pub(super) key: Option<SecretString>,
    /// File with that key.
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_KEY_FILE",
        value_name = "FILE",
        conflicts_with = "new_key"
    )]
    pub(super) key_file: Option<PathBuf>,
    /// Make a new key, and revoke the one that setup made before.
    #[arg(long)]
    pub(super) new_key: bool,
    /// Also bind the administrator's account there to the user of that address here: of
    /// administrators the address alone is not believed. With --admin-email.
    #[arg(long)]
    pub(super) bind_admin: bool,
    /// Apply the plan.
    #[arg(long)]
    pub(super) apply: bool,
    /// Without an administrator's proof: say what is missing, and end well. For a step of a
    /// deployment.
    #[arg(long)]
    pub(super) skip_without_proof: bool,
    /// Without an administrator's proof: write the file that the form Add Connection imports. It
    /// holds the key.
    #[arg(long, value_name = "FILE", conflicts_with = "apply")]
    pub(super) write: Option<PathBuf>,
    /// Also show what stays as it is.
    #[arg(long)]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) test: TestOptions,
    #[command(flatten)]
    pub(super) chats: ChatOptions,
    #[command(flatten)]
    pub(super) format: Format,
}

impl SetupOptions {
    pub(super) fn given_key(&self) -> Result<Option<SecretString>> {
        match &self.key_file {
            Some(file) => secret(file, "--key-file").map(Some),
            None => Ok(self.key.clone()),
        }
    }
}
