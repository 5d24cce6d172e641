use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use gatehall_domain::{EmailAddress, quoted};
use url::Url;

use crate::{
    admin_link::{self, MINUTES},
    office::Office,
    output::{error, text},
    settings::{StoreSettings, public_url},
};

/// Ways in for administrators.
#[derive(Debug, Args)]
pub struct AdminCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a link that signs a user in once, within 15 minutes.
    Link {
        /// The user. Without one: an administrator; if there is none, one is added.
        email: Option<EmailAddress>,
        /// Address under which browsers know the gate. [default: what the gate that serves this store
        /// says]
        #[arg(long, env = "GATEHALL_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
        public_url: Option<Url>,
    },
}

/// Where a gate is that was told nothing.
const NOWHERE_ELSE: &str = "http://localhost:8080";

pub(crate) async fn run(settings: &StoreSettings, command: AdminCommand) -> Result<ExitCode> {
    let office = Office::of_running_gate(settings).await?;
    let Action::Link { email, public_url } = command.action;
    let said = office.public_url().await?;
    let public_url = match public_url.or(said) {
        Some(url) => url,
        None => Url::parse(NOWHERE_ELSE)?,
    };
    if let Some(email) = &email {
        let snapshot = office.store.load().await?;
        let user = snapshot.company().user_by_email(email);
        let user = user.with_context(|| {
            format!(
                "there is no user {email}: gatehall user add {} --admin true",
                quoted(email.as_str())
            )
        })?;
        ensure!(
            user.enabled,
            "{email} is disabled: gatehall user change {} --enabled true",
            quoted(email.as_str())
        );
    }
    let link = admin_link::make(&office, email.as_ref(), &public_url).await?;
    error(&format!("Signs in {} once, within {MINUTES} minutes:", link.email));
    text(&link.url);
    if office.replicas().await?.is_empty() {
        error(&format!(
            "No gate serves this store now, so the link leads nowhere yet: gatehall serve --data-dir {}",
            quoted(&office.data_dir.display().to_string())
        ));
    }
    Ok(ExitCode::SUCCESS)
}
