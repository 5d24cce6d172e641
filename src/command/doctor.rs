use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use gatehall_domain::OPEN_WEBUI;
use gatehall_identity::{ChatSaid, ChatScene, ChatSetting, Health, Patient, examine};
use gatehall_portal::SILENT;
use url::Url;

use crate::{
    office::Office,
    output::{self, Format, Table, error, text},
    settings::{Domains, MadeUp, OpenWebUiOptions, StoreSettings, domains, open_webuis},
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
    /// Domains about whose addresses Open WebUI is believed, separated by commas.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_DOMAINS", value_name = "DOMAINS", value_parser = domains, default_value = "", hide_default_value = true)]
    open_webui_domains: Domains,
    /// Secret with which Open WebUI signs its user header.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_SECRET", value_name = "SECRET", hide_env_values = true)]
    open_webui_secret: Option<String>,
    /// TOML file with several Open WebUIs.
    #[arg(long, env = "GATEHALL_OPEN_WEBUIS", value_name = "FILE")]
    open_webuis: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(settings: &StoreSettings, options: DoctorOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let snapshot = office.store.load().await?;
    let gates = office.replicas().await?;
    let said = gates.iter().rev().find_map(|gate| gate.public_url.as_deref()?.parse().ok());
    let patient = Patient {
        company: snapshot.company(),
        vault: &office.vault,
        public_url: options.public_url.clone().or(said),
        cookie_domain: options.cookie_domain.clone(),
        listen: options.listen,
        allowed_hosts: options.allowed_hosts.clone(),
        chats: chats(&office, &options).await?,
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

/// The Open WebUIs that are set here, and what running gates say of theirs.
async fn chats(office: &Office, options: &DoctorOptions) -> Result<ChatScene> {
    let set = OpenWebUiOptions {
        secret: options.open_webui_secret.as_deref(),
        domains: &options.open_webui_domains,
        binds_admins: false,
        file: options.open_webuis.as_deref(),
    };
    let gates = office.store.chats(office.clock.now().plus_seconds(-SILENT)).await?;
    let gates = gates.into_iter().map(|(gate, said)| (gate, ChatSaid::read(&said)));
    let gates: Vec<(String, ChatSaid)> = gates.collect();
    // A gate that runs knows best what it was started with.
    if let Some((_, said)) = gates.iter().find(|(_, said)| !said.chats.is_empty()) {
        return Ok(ChatScene { own: said.chats.clone(), gates });
    }
    let own = open_webuis(&set, &office.data_dir, MadeUp::Read)?;
    let mut own: Vec<ChatSetting> = own.iter().map(|it| it.chat.setting()).collect();
    // Perhaps a gate would have its secret from where this cannot see it.
    if own.is_empty() {
        own.push(ChatSetting {
            id: OPEN_WEBUI.to_owned(),
            fingerprint: None,
            domains: options.open_webui_domains.0.clone(),
            binds_admins: false,
        });
    }
    Ok(ChatScene { own, gates })
}
