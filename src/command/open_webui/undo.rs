use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use gatehall_open_webui::{Client, Undone};
use gatehall_portal::wiring::{WiringError, alone};
use gatehall_store::Alone;

use super::{PATIENCE, proof::Reach};
use crate::{
    office::Office,
    output::{self, Format, Table, error},
    settings::StoreSettings,
};

#[derive(Debug, Args)]
pub(super) struct UndoOptions {
    #[command(flatten)]
    reach: Reach,
    /// Do it. Without this it is only said.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(settings: &StoreSettings, options: UndoOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let proof = options.reach.needed_proof()?;
    let nobody = options.reach.client(&office).await?;
    let alone = alone(&office.store, PATIENCE).await?;
    let client = nobody.sign_in(&proof, false).await?;
    let undone = with(&office, &options, alone, &client).await;
    client.sign_out(&proof).await;
    let (undone, elsewhere) = undone?;
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
    table.print("Setup did nothing there that could be taken back.");
    if !undone.is_empty() {
        error(match options.apply {
            true => "Taken back.",
            false => "Take it back with --apply.",
        });
    }
    Ok(ExitCode::SUCCESS)
}

/// What was taken back, and where else something was set up.
async fn with(
    office: &Office,
    options: &UndoOptions,
    alone: Alone,
    client: &Client,
) -> Result<(Vec<Undone>, Option<WiringError>)> {
    let mut wiring = options.reach.wiring(alone, office, client).await?;
    let elsewhere = wiring.elsewhere();
    let undone = wiring.undo(options.apply).await;
    wiring.close().await;
    Ok((undone?, elsewhere))
}
