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
        /// Address under which browsers know the gate.
        #[arg(
            long,
            env = "GATEHALL_PUBLIC_URL",
            value_name = "URL",
            value_parser = public_url,
            default_value = "http://localhost:8080"
        )]
        public_url: Url,
    },
}

pub(crate) async fn run(settings: &StoreSettings, command: AdminCommand) -> Result<ExitCode> {
    let office = Office::open(settings).await?;
    let Action::Link { email, public_url } = command.action;
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
    Ok(ExitCode::SUCCESS)
}
