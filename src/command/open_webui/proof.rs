//! Which Open WebUI, and as whom.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use gatehall_domain::{EmailAddress, OPEN_WEBUI};
use gatehall_identity::connector;
use gatehall_open_webui::{Client, Proof, Wire};
use gatehall_portal::{operation::read_secret_file, wiring::Wiring};
use hyper_util::{client::legacy::Client as Http, rt::TokioExecutor};
use secrecy::SecretString;
use tower::util::BoxCloneSyncService;
use url::Url;

use crate::office::Office;

/// Which Open WebUI, and what proves to it that an administrator asks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Open WebUI")]
pub(super) struct Reach {
    /// Address of Open WebUI, as this machine reaches it. [default: that of the last time]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_URL", value_name = "URL")]
    pub(super) url: Option<Url>,
    /// API key or session token of an administrator of Open WebUI.
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        conflicts_with_all = ["admin_token_file", "admin_email"]
    )]
    admin_token: Option<SecretString>,
    /// File with that token.
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN_FILE",
        value_name = "FILE",
        conflicts_with = "admin_email"
    )]
    admin_token_file: Option<PathBuf>,
    /// Address of an administrator of Open WebUI, with --trusted-header or --admin-password-file.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_EMAIL", value_name = "EMAIL")]
    pub(super) admin_email: Option<EmailAddress>,
    /// Header in which Open WebUI believes whoever reaches it: WEBUI_AUTH_TRUSTED_EMAIL_HEADER
    /// there, such as X-User-Email.
    #[arg(
        long,
        env = "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER",
        value_name = "HEADER",
        value_parser = header
    )]
    trusted_header: Option<String>,
    /// File with that administrator's password.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_PASSWORD_FILE", value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
    /// Name of this Open WebUI among several, as in the file of GATEHALL_OPEN_WEBUIS.
    #[arg(long, value_name = "NAME", default_value = OPEN_WEBUI)]
    pub(super) name: String,
}

fn header(text: &str) -> Result<String, String> {
    let name: Result<http::HeaderName, _> = text.parse();
    name.map(|_| text.to_owned()).map_err(|_| "must be the name of a header".into())
}

impl Reach {
    /// The proof that was given; none if none was.
    pub(super) fn proof(&self) -> Result<Option<Proof>> {
        if let Some(token) = &self.admin_token {
            return Ok(Some(Proof::Token(token.clone())));
        }
        if let Some(file) = &self.admin_token_file {
            return Ok(Some(Proof::Token(secret(file, "token")?)));
        }
        let Some(email) = self.admin_email.clone() else { return Ok(None) };
        match (&self.trusted_header, &self.admin_password_file) {
            (Some(name), _) => Ok(Some(Proof::Header { name: name.clone(), email })),
            (None, Some(file)) => {
                Ok(Some(Proof::Password { email, password: secret(file, "password")? }))
            }
            (None, None) => bail!(
                "--admin-email needs --trusted-header, where Open WebUI believes one, or \
                 --admin-password-file"
            ),
        }
    }

    /// The proof, where nothing can be done without.
    pub(super) fn needed_proof(&self) -> Result<Proof> {
        self.proof()?.context(
            "say as whom: --admin-token-file with an administrator's API key, or --admin-email with \
             --trusted-header or --admin-password-file",
        )
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
    pub(super) async fn wiring(&self, office: &Office, client: &Client) -> Result<Wiring> {
        Ok(Wiring::open(office.desk(), client.clone(), self.name.clone()).await?)
    }
}

/// A secret that is all a file holds.
pub(super) fn secret(file: &std::path::Path, what: &str) -> Result<SecretString> {
    let secret = read_secret_file(&file.to_string_lossy());
    secret.with_context(|| format!("the {what} cannot be read from {}", file.display()))
}

/// What sends requests to Open WebUI: the program's one way to do that.
pub(crate) fn wire() -> Wire {
    // Open WebUI closes what is idle for some seconds, perhaps while a change is on its way. There
    // are few requests, so each has a connection of its own.
    let mut http = Http::builder(TokioExecutor::new());
    BoxCloneSyncService::new(http.pool_max_idle_per_host(0).build(connector()))
}
