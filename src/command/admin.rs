use std::{net::SocketAddr, path::Path, process::ExitCode};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use gatehall_domain::{EmailAddress, quoted};
use url::{Host, Url};

use crate::{
    admin_link::{self, MINUTES},
    office::Office,
    output::{error, text},
    running::{self, Gate},
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

/// Where a gate of this machine is that was told nothing.
const USUAL_PORT: u16 = 8080;

/// The address on this machine of a gate that says none of itself, and whether more than this
/// machine could ask it.
fn own_address(office: &Office) -> Result<(Url, bool)> {
    let wanted = office.gate(SocketAddr::from(([127, 0, 0, 1], USUAL_PORT)));
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let is_it = |gate: &Gate| {
        gate.database == wanted.database && whole(&gate.data_dir) == whole(&wanted.data_dir)
    };
    let gate = running::gates().into_iter().rev().find(is_it);
    let listens = gate.and_then(|gate| Url::parse(&gate.url).ok());
    let port = listens.as_ref().and_then(Url::port_or_known_default).unwrap_or(USUAL_PORT);
    let alone = listens.as_ref().and_then(Url::host).is_some_and(|host| match host {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(_) => false,
    });
    Ok((Url::parse(&format!("http://localhost:{port}"))?, !alone))
}

pub(crate) async fn run(settings: &StoreSettings, command: AdminCommand) -> Result<ExitCode> {
    let office = Office::of_running_gate(settings).await?;
    let Action::Link { email, public_url } = command.action;
    let gates = office.replicas().await?;
    let said = office.public_url().await?;
    let (public_url, is_asked_by_others) = match public_url.or(said) {
        Some(url) => (url, false),
        None => own_address(&office)?,
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
    if is_asked_by_others {
        error(
            "The gate says no address of itself, so this one is for browsers on its own machine. \
             For others set GATEHALL_PUBLIC_URL at the gate to its https:// address, or say it \
             here with --public-url.",
        );
    }
    if gates.is_empty() {
        error(&format!(
            "No gate serves this store now, so the link leads nowhere yet: gatehall serve --data-dir {}",
            quoted(&office.data_dir.display().to_string())
        ));
    }
    Ok(ExitCode::SUCCESS)
}
