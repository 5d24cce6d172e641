//! Which Open WebUI, and as whom.

use anyhow::{Context, Result, bail};
use clap::Args;
use gatehall_domain::{EmailAddress, OPEN_WEBUI};
use gatehall_open_webui::{Client, Proof};
use gatehall_portal::wiring::Wiring;
use gatehall_store::Alone;
use gatehall_vault::load_secret;
use secrecy::SecretString;
use url::Url;

use super::proof_options::ProofOptions;
use crate::{office::Office, wire::wire};

/// Which Open WebUI, and what proves to it that an administrator asks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Open WebUI")]
pub(super) struct Reach {
    /// Address of Open WebUI, as this machine reaches it. [default: that of the last time]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_URL", value_name = "URL")]
    pub(super) url: Option<Url>,
    #[command(flatten)]
    proof: ProofOptions,
    /// Name of this Open WebUI among several, as in the file of GATEHALL_OPEN_WEBUIS.
    #[arg(long, value_name = "NAME", default_value = OPEN_WEBUI)]
    pub(super) name: String,
}

/// What is said where nothing proves an administrator.
pub(super) const NEEDED: &str = "say as whom: --admin-token-file with an administrator's API key, or \
    --admin-email with --trusted-header or --admin-password-file";

impl Reach {
    /// The proof that was given; none if none was.
    pub(super) fn proof(&self) -> Result<Option<Proof>> {
        self.proof.proof()
    }

    /// The proof, where nothing can be done without.
    pub(super) fn needed_proof(&self) -> Result<Proof> {
        self.proof()?.context(NEEDED)
    }

    /// Whether anything was given that proves an administrator.
    pub(super) fn has_proof(&self) -> bool {
        self.proof.is_given()
    }

    /// The administrator's address, whatever proves them.
    pub(super) fn admin_email(&self) -> Option<&EmailAddress> {
        self.proof.email()
    }

    /// The Open WebUI that is meant, spoken to by nobody.
    pub(super) async fn client(&self, office: &Office) -> Result<Client> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => match office.store.open_webui_setups().await?.as_slice() {
                [url] => url.parse()?,
                [] => bail!("say where Open WebUI is: --url"),
                several => {
                    bail!("say which Open WebUI is meant, with --url: {}", several.join(", "))
                }
            },
        };
        Ok(Client::new(&url, wire())?)
    }

    /// What was set up at it.
    pub(super) async fn wiring(
        &self,
        alone: Alone,
        office: &Office,
        client: &Client,
    ) -> Result<Wiring> {
        Ok(Wiring::open(alone, office.desk(), client.clone(), self.name.clone()).await?)
    }
}

/// A secret that is all a file holds.
pub(super) fn secret(file: &std::path::Path, what: &str) -> Result<SecretString> {
    load_secret(file).with_context(|| format!("the {what} cannot be read from {}", file.display()))
}
