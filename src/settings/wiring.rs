//! The plain settings with which the gate reaches an Open WebUI as an administrator.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use gatehall_domain::EmailAddress;
use http::HeaderName;
use secrecy::SecretString;
use url::Url;

use super::reach::{Reach, ReachNames, ReachParts, address};

/// The Open WebUI called open-webui, as its administrators use it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Open WebUI")]
pub struct WiringOptions {
    /// Address under which the gate reaches Open WebUI, such as http://open-webui:8080: for the
    /// page that sets it up, and to keep it in step. [default: none]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_URL", value_name = "URL", value_parser = address)]
    pub open_webui_url: Option<Url>,

    /// API key or token of an administrator of Open WebUI, with which the gate signs in there.
    /// [default: none]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN", value_name = "TOKEN", value_parser = secret, hide_env_values = true)]
    pub open_webui_admin_token: Option<SecretString>,

    /// File with that API key or token.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN_FILE", value_name = "FILE")]
    pub open_webui_admin_token_file: Option<PathBuf>,

    /// Address of an administrator of Open WebUI, as whom the gate signs in there, by a trusted
    /// header or a password. [default: none]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_EMAIL", value_name = "EMAIL")]
    pub open_webui_admin_email: Option<EmailAddress>,

    /// Header in which Open WebUI believes whoever reaches it: WEBUI_AUTH_TRUSTED_EMAIL_HEADER
    /// there, such as X-User-Email.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER", value_name = "NAME")]
    pub open_webui_trusted_header: Option<HeaderName>,

    /// File with that administrator's password.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_ADMIN_PASSWORD_FILE", value_name = "FILE")]
    pub open_webui_admin_password_file: Option<PathBuf>,

    /// Keep what was set up at Open WebUI in step with the company: groups and who is in them,
    /// connections, models. Needs the address and one of the proofs above.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_FOLLOW", value_name = "YES", default_value = "false", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub open_webui_follow: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants it so")]
fn secret(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text.to_owned()))
}

const NAMES: ReachNames = ReachNames {
    url: "GATEHALL_OPEN_WEBUI_URL",
    token: "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN",
    token_file: "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN_FILE",
    admin: "GATEHALL_OPEN_WEBUI_ADMIN_EMAIL",
    header: "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER",
    password_file: "GATEHALL_OPEN_WEBUI_ADMIN_PASSWORD_FILE",
    follow: "GATEHALL_OPEN_WEBUI_FOLLOW",
};

impl WiringOptions {
    /// What of it is set, made sure of.
    ///
    /// # Errors
    /// Which setting cannot be used, and what to do.
    pub(crate) fn reach(&self) -> Result<Option<Reach>> {
        let parts = ReachParts {
            url: self.open_webui_url.as_ref(),
            token: self.open_webui_admin_token.as_ref(),
            token_file: self.open_webui_admin_token_file.clone(),
            admin: self.open_webui_admin_email.as_ref(),
            header: self.open_webui_trusted_header.as_ref(),
            password_file: self.open_webui_admin_password_file.clone(),
            follow: self.open_webui_follow,
        };
        Reach::of(&parts, &NAMES)
    }
}
