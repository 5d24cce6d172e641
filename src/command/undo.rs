use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::{office::Office, output::done, settings::StoreSettings};

/// Undo a change, as long as nothing newer touched what it changed.
#[derive(Debug, Args)]
pub struct UndoOptions {
    /// The revision that the change made; the audit names it.
    revision: u64,
}

pub(crate) async fn run(settings: &StoreSettings, options: UndoOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    office.desk().undo(options.revision).await?;
    done(&format!("undid revision {}", options.revision))
}
