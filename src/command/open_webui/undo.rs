use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::proof::Reach;
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
    let client = options.reach.client(&office).await?.sign_in(&proof, false).await?;
    let mut wiring = options.reach.wiring(&office, &client).await?;
    let undone = wiring.undo(options.apply).await;
    client.sign_out(&proof).await;
    let undone = undone?;
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
