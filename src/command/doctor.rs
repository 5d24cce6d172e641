use std::{net::SocketAddr, process::ExitCode};

use anyhow::Result;
use clap::Args;
use gatehall_identity::{Health, Patient, examine};
use url::Url;

use super::chats::ChatOptions;
use crate::{
    office::Office,
    output::{self, Format, Table, error, text},
    settings::StoreSettings,
};

/// Look at sign-in, providers and proxies of a running gate, and say how to mend what is wrong.
#[derive(Debug, Args)]
pub struct DoctorOptions {
    /// Address under which browsers know the gate.
    #[arg(long, env = "GATEHALL_PUBLIC_URL", value_name = "URL")]
    public_url: Option<Url>,
    /// Domain whose hosts share a sign-in.
    #[arg(long, env = "GATEHALL_COOKIE_DOMAIN", value_name = "DOMAIN")]
    cookie_domain: Option<String>,
    /// Address on which the gate listens.
    #[arg(long, env = "GATEHALL_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Host names under which clients may come, separated by commas.
    #[arg(long, env = "GATEHALL_ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    allowed_hosts: Vec<String>,
    #[command(flatten)]
    chats: ChatOptions,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(settings: &StoreSettings, options: DoctorOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let snapshot = office.store.load().await?;
    let said = office.public_url().await?;
    let patient = Patient {
        company: snapshot.company(),
        vault: &office.vault,
        public_url: options.public_url.clone().or(said),
        cookie_domain: options.cookie_domain.clone(),
        listen: options.listen,
        allowed_hosts: options.allowed_hosts.clone(),
        chats: options.chats.scene(&office).await?,
        now: office.clock.now(),
    };
    let json = options.format.json;
    let progress = |what: &str| {
        if output::is_terminal() && !json {
            error(&format!("looking at {what} \u{2026}"));
        }
    };
    let findings = examine(&patient, progress).await;
    let bad = findings.iter().any(|it| it.state == Health::Bad);
    if json {
        output::json(&findings)?;
    } else {
        let mut table = Table::new(&["state", "what", "found"]);
        for it in &findings {
            table.row([it.state.as_str().into(), it.subject.clone(), it.found.clone()]);
        }
        table.print("There is nothing to look at.");
        for it in findings.iter().filter(|it| it.state != Health::Good) {
            text(&format!("\n{}: {}\n  do: {}", it.subject, it.found, it.remedy));
        }
    }
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
