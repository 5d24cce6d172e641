use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use gatehall_control::export;

use crate::{
    office::Office,
    output::{self, Format, text},
    settings::StoreSettings,
};

/// Write everything but secrets and keys as a file that import reads.
#[derive(Debug, Args)]
pub struct ExportOptions {
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(settings: &StoreSettings, options: ExportOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let document = export(office.desk().snapshot().await?.company());
    if options.format.json {
        return output::json(&document);
    }
    text(&toml::to_string_pretty(&document)?);
    Ok(ExitCode::SUCCESS)
}
