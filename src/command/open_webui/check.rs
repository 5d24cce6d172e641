use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use gatehall_open_webui::{Client, Finding, Proof, gate_address};
use gatehall_portal::wiring::{Order, Whom, Wiring, alone};
use gatehall_store::Alone;
use url::Url;

use super::{PATIENCE, proof::Reach, show, test_user::TestOptions};
use crate::{command::chats::ChatOptions, office::Office, output::Format, settings::StoreSettings};

#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    #[command(flatten)]
    reach: Reach,
    /// Address of the gate, as Open WebUI reaches it, where it was set up by hand. [default: that
    /// of the connection]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_GATE_URL", value_name = "URL", value_parser = gate_address)]
    gate_url: Option<Url>,
    #[command(flatten)]
    test: TestOptions,
    #[command(flatten)]
    chats: ChatOptions,
    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(settings: &StoreSettings, options: CheckOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let proof = options.reach.needed_proof()?;
    let nobody = options.reach.client(&office).await?;
    let alone = alone(&office.store, PATIENCE).await?;
    let client = nobody.sign_in(&proof, false).await?;
    let found = with(&office, &options, alone, &client, &proof).await;
    client.sign_out(&proof).await;
    let found = found?;
    match options.format.json {
        true => show::json(&[], &found)?,
        false => show::findings(&found),
    }
    Ok(show::exit(&found))
}

async fn with(
    office: &Office,
    options: &CheckOptions,
    alone: Alone,
    client: &Client,
    proof: &Proof,
) -> Result<Vec<Finding>> {
    let wiring = options.reach.wiring(alone, office, client).await?;
    let found = async {
        let terms = match wiring.terms() {
            Some(terms) => terms.clone(),
            None => wiring.terms_by_hand(options.gate_url.clone()).await?.context(
                "there is no connection gatehall at Open WebUI: gatehall open-webui setup",
            )?,
        };
        let order = Order { terms, key: None, new_key: false };
        let whom = options.test.whom(proof)?;
        findings(office, &options.chats, &wiring, &order, whom.as_ref()).await
    };
    let found = found.await;
    wiring.close().await;
    found
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
