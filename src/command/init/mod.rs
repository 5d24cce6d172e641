//! `gatehall init`: what a deployment needs, written once and never overwritten.

mod alone;
mod answers;
mod ask;
mod bundle;
mod compose;
mod deployment;
mod draft;
mod next;
mod options;
mod questions;
mod rotate;
mod variables;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use self::options::ComposeOptions;

/// Write what a deployment needs: settings, secrets and the files themselves.
#[derive(Debug, Args)]
pub struct InitCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// For one server with Docker Compose: write .env, secrets/ and the deployment's own files, or
    /// what is missing of them. What is there is never overwritten. What is not said by a flag, a
    /// variable or .env is asked, if there is a terminal.
    Compose(Box<ComposeOptions>),
}

pub(crate) async fn run(command: InitCommand) -> Result<ExitCode> {
    let Action::Compose(options) = command.action;
    compose::run(*options).await
}
