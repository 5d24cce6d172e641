use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use gatehall_compose_folder::values::domain;
use gatehall_open_webui::chat_address;
use ipnet::IpNet;
use url::Url;

use crate::{command::chats::ChatOptions, output::Format, settings::public_url};

/// Look at the whole deployment, and say how to fix what is wrong: names, ports, certificates,
/// proxies, sign-in, providers, Open WebUI, the database and secrets.
///
/// Beside the gate it looks at all of it. With --domain alone it looks from outside, from any
/// machine; with --folder also at the folder of the Compose file.
#[derive(Debug, Args)]
pub struct DoctorOptions {
    /// Address under which browsers know the gate. [default: https://admin. and the domain]
    #[arg(long, env = "GATEHALL_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub(super) public_url: Option<Url>,
    /// Domain below which app., mcp. and admin. lie. [default: that of the folder]
    #[arg(long, env = "GATEHALL_DOMAIN", value_name = "DOMAIN", value_parser = domain)]
    pub(super) domain: Option<String>,
    /// Folder of the Compose file, with .env and secrets.
    #[arg(long, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// Domain whose hosts share a sign-in.
    #[arg(long, env = "GATEHALL_COOKIE_DOMAIN", value_name = "DOMAIN")]
    pub(super) cookie_domain: Option<String>,
    /// Address on which the gate listens.
    #[arg(long, env = "GATEHALL_LISTEN", value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// Host names under which clients may come, separated by commas.
    #[arg(long, env = "GATEHALL_ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    pub(super) allowed_hosts: Vec<String>,
    /// Network in which the gate is alone with its proxy, such as 172.30.253.0/28: beside the gate it
    /// is looked whether the gate is there.
    #[arg(long, env = "GATEHALL_PROXY_NETWORK", value_name = "NETWORK")]
    pub(super) proxy_network: Option<IpNet>,
    /// Address of Open WebUI within the deployment, such as http://open-webui:8080.
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_URL", value_name = "URL", value_parser = chat_address)]
    pub(super) open_webui_url: Option<Url>,
    /// Header in which Open WebUI is told who somebody is. [default: X-User-Email]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER", value_name = "HEADER")]
    pub(super) trusted_header: Option<String>,
    /// Address of the models' API, such as https://api.openai.com/v1. [default: that of the folder]
    #[arg(long, value_name = "URL")]
    pub(super) model_url: Option<Url>,
    /// Port on which visitors without TLS are sent on to https.
    #[arg(long, value_name = "PORT", default_value = "80")]
    pub(super) http_port: u16,
    #[command(flatten)]
    pub(super) chats: ChatOptions,
    #[command(flatten)]
    pub(super) format: Format,
}
