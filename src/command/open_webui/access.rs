//! Which Open WebUI, as whom, and the frame in which all work there is done.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use gatehall_control::wiring::{Wiring, alone};
use gatehall_domain::{EmailAddress, OPEN_WEBUI, ProviderId, is_open_webui};
use gatehall_open_webui::{Client, Proof, chat_address, gate_address};
use url::Url;

use crate::{
    office::Office,
    settings::{FLAGS, ProofOptions},
    wire::wire,
};

/// How long a command waits for whoever else is at it: a gate that follows looks at every model and
/// group there.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Which Open WebUI, and what proves to it that an administrator asks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Open WebUI")]
pub(super) struct AccessOptions {
    /// Address of Open WebUI, as this machine reaches it. [default: that of the last time]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_URL", value_name = "URL", value_parser = chat_address)]
    pub(super) url: Option<Url>,
    #[command(flatten)]
    proof: ProofOptions<true>,
    /// Name of this Open WebUI among several, as in the file of GATEHALL_OPEN_WEBUIS.
    #[arg(long, value_name = "NAME", value_parser = name, default_value = OPEN_WEBUI)]
    pub(super) name: String,
}

/// A name that an Open WebUI may have.
fn name(text: &str) -> Result<String, String> {
    let id = text.parse::<ProviderId>().ok().filter(|_| is_open_webui(text));
    id.map(|it| it.to_string())
        .ok_or_else(|| format!("must be {OPEN_WEBUI}, or begin with {OPEN_WEBUI}-"))
}

/// Where the gate is.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is to be there")]
pub(super) struct GateOptions {
    /// Address of the gate, as Open WebUI reaches it: from a container, not localhost. [default:
    /// that of the last time, or of the connection that is there]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_GATE_URL", value_name = "URL", value_parser = gate_address)]
    pub(super) gate_url: Option<Url>,
}

/// Which Open WebUI, and as whom.
pub(super) struct Access {
    pub(super) chat: String,
    url: Url,
    pub(super) proof: Proof,
}

/// What is said where nothing proves an administrator.
pub(super) const NEEDED: &str = "say as whom: --admin-token-file with an administrator's API key, or \
    --admin-email with --trusted-header or --admin-password-file";

impl AccessOptions {
    /// Whether anything was given that proves an administrator.
    pub(super) fn has_proof(&self) -> bool {
        self.proof.0.is_given()
    }

    /// The administrator's address, whatever proves them.
    pub(super) const fn admin_email(&self) -> Option<&EmailAddress> {
        self.proof.0.open_webui_admin_email.as_ref()
    }

    /// The Open WebUI that is meant, and the administrator.
    pub(super) async fn access(&self, office: &Office) -> Result<Access> {
        let proof = self.proof.0.proof(&FLAGS)?.context(NEEDED)?;
        let url = self.address(office).await?;
        Ok(Access { chat: self.name.clone(), url, proof })
    }

    /// Where the Open WebUI is that is meant.
    pub(super) async fn address(&self, office: &Office) -> Result<Url> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        match office.store.open_webui_setups().await?.as_slice() {
            [url] => Ok(url.parse()?),
            [] => bail!("say where Open WebUI is: --url"),
            several => bail!("say which Open WebUI is meant, with --url: {}", several.join(", ")),
        }
    }
}

/// Does some work at an Open WebUI as its administrator, while nobody else is at it. Signing in makes
/// the first account of a fresh one only if it `may`.
pub(super) async fn at_open_webui<T>(
    office: &Office,
    access: Access,
    may: bool,
    work: impl AsyncFnOnce(&mut Wiring) -> Result<T>,
) -> Result<T> {
    let Access { chat, url, proof } = access;
    let alone = alone(&office.store, PATIENCE).await?;
    let client = Client::new(&url, wire())?.sign_in(&proof, may).await?;
    let ended = async {
        let mut wiring = Wiring::open(alone, office.desk(), client.clone(), chat).await?;
        let ended = work(&mut wiring).await;
        wiring.close().await;
        ended
    };
    let ended = ended.await;
    client.sign_out(&proof).await;
    ended
}
