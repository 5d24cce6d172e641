use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use gatehall_control::wiring::{Order, Whom, Wiring};
use gatehall_domain::Finding;

use super::{
    access::{AccessOptions, GateOptions, at_open_webui},
    show,
    test_user::TestOptions,
};
use crate::{
    command::{chats::ChatOptions, findings as found},
    office::Office,
    output::Format,
    settings::StoreSettings,
};

#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    #[command(flatten)]
    access: AccessOptions,
    #[command(flatten)]
    gate: GateOptions,
    #[command(flatten)]
    test: TestOptions,
    #[command(flatten)]
    chats: ChatOptions,
    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(settings: &StoreSettings, options: CheckOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let access = options.access.access(&office).await?;
    options.chats.must_know(&office, &access.chat).await?;
    let whom = options.test.whom(&access.proof, office.store.load().await?.company())?;
    let work = async |wiring: &mut Wiring| look(&office, &options, wiring, whom.as_ref()).await;
    let findings = at_open_webui(&office, access, false, work).await?;
    match options.format.json {
        true => show::json(&[], &findings)?,
        false => found::print(&findings, ""),
    }
    Ok(found::exit(&findings))
}

async fn look(
    office: &Office,
    options: &CheckOptions,
    wiring: &Wiring,
    whom: Option<&Whom>,
) -> Result<Vec<Finding>> {
    let terms = match wiring.terms() {
        Some(terms) => terms.clone(),
        None => wiring
            .terms_by_hand(options.gate.gate_url.clone())
            .await?
            .context("there is no connection gatehall at Open WebUI: gatehall open-webui setup")?,
    };
    let order = Order { terms, key: None, new_key: false };
    findings(office, &options.chats, wiring, &order, whom).await
}

/// Looks at what is there, and asks as somebody.
pub(super) async fn findings(
    office: &Office,
    chats: &ChatOptions,
    wiring: &Wiring,
    order: &Order,
    whom: Option<&Whom>,
) -> Result<Vec<Finding>> {
    let draft = wiring.draft(order).await?;
    let mut findings = draft.findings();
    if let Some(whom) = whom {
        let scene = chats.scene(office).await?;
        findings.extend(wiring.ask(&draft, &scene, whom).await?);
    }
    Ok(findings)
}
