use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use gatehall_control::wiring::{Wiring, alone};
use gatehall_open_webui::{Client, Undone};

use super::access::{AccessOptions, PATIENCE, at_open_webui};
use crate::{
    office::Office,
    output::{self, Format, Table, error},
    settings::StoreSettings,
    wire::wire,
};

#[derive(Debug, Args)]
pub(super) struct UndoOptions {
    #[command(flatten)]
    access: AccessOptions,
    /// This Open WebUI is no more, or has another address and another database: forget what was done
    /// there, and take back what was done here. Nothing is asked of it.
    #[arg(long, requires = "url")]
    gone: bool,
    /// Do it. Without this it is only said.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(settings: &StoreSettings, options: UndoOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    // What was taken back, and where else something was set up.
    let work = async |wiring: &mut Wiring| {
        let elsewhere = wiring.elsewhere();
        Ok((wiring.undo(options.apply).await?, elsewhere))
    };
    let (undone, elsewhere) = match options.gone {
        true => (forget(&office, &options).await?, None),
        false => {
            let access = options.access.access(&office).await?;
            at_open_webui(&office, access, false, work).await?
        }
    };
    if let Some(elsewhere) = elsewhere {
        error(&elsewhere.to_string());
    }
    if options.format.json {
        return output::json(&undone);
    }
    let mut table = Table::new(&["kind", "name", "what"]);
    for it in &undone {
        table.row([it.kind.into(), it.name.clone(), it.what.into()]);
    }
    table.print("Setup did nothing there that could be undone.");
    if !undone.is_empty() {
        error(match options.apply {
            true => "Undone.",
            false => "Undo it with --apply.",
        });
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes back what was done here alone, since nobody can be asked there.
async fn forget(office: &Office, options: &UndoOptions) -> Result<Vec<Undone>> {
    let url = options.access.address(office).await?;
    let alone = alone(&office.store, PATIENCE).await?;
    let client = Client::new(&url, wire())?;
    let chat = options.access.name.clone();
    let mut wiring = Wiring::open(alone, office.desk(), client, chat).await?;
    let undone = wiring.undo_here(options.apply).await;
    wiring.close().await;
    Ok(undone?)
}
