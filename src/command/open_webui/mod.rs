//! Open WebUI: set up for this gate, looked at, and taken back.

mod access;
mod by_hand;
mod check;
mod setup;
mod setup_options;
mod show;
mod terms;
mod test_user;
mod undo;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::settings::StoreSettings;

/// Open WebUI: set it up for this gate, check it, or undo it.
#[derive(Debug, Args)]
pub struct OpenWebUiCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compare what is set at Open WebUI with what should be, show the plan, and apply it: the key,
    /// the connection, the tools on the models, the groups. Then ask as a test user. Without an
    /// administrator's proof it says what to set and to import by hand.
    Setup(setup_options::SetupOptions),
    /// Look at all of that, and ask as a test user. Nothing is changed, but that user comes and goes.
    Check(check::CheckOptions),
    /// Take back what setup did, and nothing else.
    Undo(undo::UndoOptions),
}

pub(crate) async fn run(settings: &StoreSettings, command: OpenWebUiCommand) -> Result<ExitCode> {
    match command.action {
        Action::Setup(options) => setup::run(settings, options).await,
        Action::Check(options) => check::run(settings, options).await,
        Action::Undo(options) => undo::run(settings, options).await,
    }
}
