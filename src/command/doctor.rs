mod deployment;
mod store;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use futures_util::future::join3;
use gatehall_compose_folder::values::domain;
use gatehall_doctor::{ComposeFolder, Senses, look};
use gatehall_open_webui::chat_address;
use ipnet::IpNet;
use url::Url;

use self::store::Inside;
use super::{chats::ChatOptions, findings as found};
use crate::{
    output::{self, Format, error},
    settings::{StoreSettings, public_url},
    system_clock,
};

/// Look at the whole deployment, and say how to fix what is wrong: names, ports, certificates,
/// proxies, sign-in, providers, Open WebUI, the database and secrets.
///
/// Beside the gate it looks at all of it. With --domain alone it looks from outside, from any
/// machine; with --folder also at the folder of the Compose file.
#[derive(Debug, Args)]
pub struct DoctorOptions {
    /// Address under which browsers know the gate. [default: https://admin. and the domain]
    #[arg(long, env = "GATEHALL_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    public_url: Option<Url>,
    /// Domain below which app., mcp. and admin. lie. [default: that of the folder]
    #[arg(long, env = "GATEHALL_DOMAIN", value_name = "DOMAIN", value_parser = domain)]
    domain: Option<String>,
    /// Folder of the Compose file, with .env and secrets.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Domain whose hosts share a sign-in.
    #[arg(long, env = "GATEHALL_COOKIE_DOMAIN", value_name = "DOMAIN")]
    cookie_domain: Option<String>,
    /// Address on which the gate listens.
    #[arg(long, env = "GATEHALL_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Host names under which clients may come, separated by commas.
    #[arg(long, env = "GATEHALL_ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    allowed_hosts: Vec<String>,
    /// Network in which the gate is alone with its proxy, such as 172.30.253.0/28: beside the gate it
    /// is looked whether the gate is there.
    #[arg(long, env = "GATEHALL_PROXY_NETWORK", value_name = "NETWORK")]
    proxy_network: Option<IpNet>,
    /// Address of Open WebUI within the deployment, such as http://open-webui:8080.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_URL", value_name = "URL", value_parser = chat_address)]
    open_webui_url: Option<Url>,
    /// Header in which Open WebUI is told who somebody is. [default: X-User-Email]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER", value_name = "HEADER")]
    trusted_header: Option<String>,
    /// Address of the models' API, such as https://api.openai.com/v1. [default: that of the folder]
    #[arg(long, value_name = "URL")]
    model_url: Option<Url>,
    /// Port on which visitors without TLS are sent on to https.
    #[arg(long, value_name = "PORT", default_value = "80")]
    http_port: u16,
    #[command(flatten)]
    chats: ChatOptions,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(settings: &StoreSettings, options: DoctorOptions) -> Result<ExitCode> {
    let json = options.format.json;
    let progress = |what: &str| {
        if output::is_terminal() && !json {
            error(&format!("looking at {what} \u{2026}"));
        }
    };
    let folder = options.folder.as_deref().map(ComposeFolder::open).transpose()?;
    let senses = Senses::system(system_clock());
    let mut findings = Vec::new();
    let inside = match options.has_store(settings) {
        false => None,
        true => match Inside::open(settings, &options, &senses).await {
            Ok((inside, of_database)) => {
                findings.extend(of_database);
                Some(inside)
            }
            // All else can be looked at without it.
            Err(error) if options.domain.is_some() => {
                findings.push(store::closed(&error));
                None
            }
            Err(error) => return Err(error),
        },
    };
    let deployment = options.deployment(folder.as_ref(), inside.as_ref())?;
    let of_folder = async {
        match &folder {
            Some(folder) => {
                progress("the folder");
                let ports = [deployment.ports.http, deployment.ports.https];
                folder.findings(&senses, ports, deployment.gate_host()).await
            }
            None => Vec::new(),
        }
    };
    let of_gate = async {
        match &inside {
            Some(inside) => inside.examine(progress).await,
            None => Vec::new(),
        }
    };
    let looked = join3(of_folder, of_gate, look(&deployment, &senses, progress)).await;
    findings.extend([looked.0, looked.1, looked.2].into_iter().flatten());
    if inside.is_none() {
        findings.push(store::unseen());
    }
    match json {
        true => output::json(&findings).map(drop)?,
        false => found::print(&findings, "There is nothing to check."),
    }
    Ok(found::exit(&findings))
}
