//! What is looked at.

use std::{collections::BTreeSet, path::PathBuf};

use ipnet::IpNet;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

/// A deployment, as far as is known where the doctor runs.
#[derive(Debug)]
pub struct Deployment {
    /// From where it is looked at.
    pub side: Side,
    /// The address under which browsers know the gate.
    pub public_url: Option<Url>,
    /// The host of Open WebUI, where it is known.
    pub chat_host: Option<String>,
    /// The public hosts that have to be there, that of the gate among them.
    pub hosts: BTreeSet<String>,
    /// Where the hosts are reached.
    pub ports: Ports,
    /// The keys that the gate shows, where they are known: they prove that an address leads to it.
    pub keys: Option<Value>,
    /// Open WebUI's address within the deployment, where it can be reached from here.
    pub chat_url: Option<Url>,
    /// The header in which Open WebUI is told who somebody is.
    pub trusted_header: String,
    /// The network in which the gate is alone with its proxy, where it is looked at from the gate.
    pub proxy_network: Option<IpNet>,
    /// Somebody who has an account at Open WebUI, so that trying the header makes none.
    pub person: Option<String>,
    /// Where Open WebUI's models are.
    pub model: Option<Model>,
    /// Folders whose disks must not run full, with what lies there.
    pub folders: Vec<(PathBuf, &'static str)>,
}

/// From where a deployment is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// From the machine, or the container, on which it runs.
    Here,
    /// From anywhere else.
    Elsewhere,
}

/// Ports of the public addresses.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Where visitors are sent on to https.
    pub http: u16,
    /// Where the hosts are.
    pub https: u16,
    /// Ports that have no business to be open to everybody, with what usually listens there.
    pub closed: Vec<(u16, &'static str)>,
}

impl Ports {
    /// The usual ones, but for that of the gate's address and that for visitors without TLS.
    pub fn of(public_url: Option<&Url>, http: u16) -> Self {
        let closed = vec![
            (3000, "Open WebUI"),
            (5432, "PostgreSQL"),
            (6379, "Valkey"),
            (8080, "Open WebUI, Gatehall or Traefik"),
            (9000, "Authentik"),
            (9443, "Authentik"),
        ];
        let https = public_url.and_then(Url::port_or_known_default).unwrap_or(443);
        Self { http, https, closed }
    }
}

impl Deployment {
    /// The host of the gate; empty if that is not known.
    pub fn gate_host(&self) -> &str {
        self.public_url.as_ref().and_then(Url::host_str).unwrap_or_default()
    }
}

/// Where models are.
#[derive(Debug)]
pub struct Model {
    /// The address of an API like OpenAI's, such as `https://api.openai.com/v1`.
    pub url: Url,
    /// Its key, where it is known.
    pub key: Option<SecretString>,
}
