use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use gatehall_portal::audit_filter;
use gatehall_store::EventFilter;

use crate::{
    office::Office,
    output::{self, Format, Table, or_dash},
    settings::StoreSettings,
};

/// Show the newest events of the audit.
#[derive(Debug, Args)]
pub struct AuditOptions {
    /// What to look for, in the language of the audit's page: read_ actor:alice outcome:denied
    /// tenant:google kind:grant revision:12 after:2026-11-01 'actor:"command line"'.
    query: Vec<String>,
    /// How many.
    #[arg(long, default_value = "50")]
    last: u32,
    /// Only with this outcome.
    #[arg(long, value_parser = ["answered", "tool-error", "denied", "failed", "cancelled", "changed", "admitted", "refused"])]
    outcome: Option<String>,
    /// Only of this actor: an address, or "command line".
    #[arg(long)]
    actor: Option<String>,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(settings: &StoreSettings, options: AuditOptions) -> Result<ExitCode> {
    let said = audit_filter(&options.query.join(" "))?;
    let office = Office::of_gate(settings).await?;
    let filter = EventFilter {
        outcome: options.outcome.or(said.outcome),
        actor: options.actor.or(said.actor),
        limit: options.last,
        ..said
    };
    let events = office.store.events(&filter).await?;
    if options.format.json {
        return output::json(&events);
    }
    let mut table = Table::new(&["when", "revision", "who", "did", "what", "outcome", "why"]);
    for it in events {
        let what = match it.kind.as_str() {
            _ if it.action == "call" => it.subject,
            "door" => format!("{} through {}", it.subject, or_dash(&it.door)),
            kind => format!("{kind} {}", it.subject),
        };
        table.row([
            it.at.to_string(),
            it.revision.to_string(),
            it.actor,
            it.action,
            what,
            it.outcome,
            or_dash(&it.reason),
        ]);
    }
    table.print("There are no events yet.");
    Ok(ExitCode::SUCCESS)
}
