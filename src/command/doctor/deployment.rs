//! What is known of the deployment here.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use gatehall_doctor::{ComposeFolder, Deployment, Model, Ports, Side, hosts_below};
use url::Url;

use super::{DoctorOptions, store::Inside};
use crate::settings::StoreSettings;

/// Where engines keep volumes, and so most databases.
const VOLUMES: &str = "/var/lib/docker";

/// The header in which Open WebUI is usually told who somebody is.
const TRUSTED: &str = "X-User-Email";

impl DoctorOptions {
    /// Whether there is a store that is meant. Whoever only names a domain or a folder has none, and
    /// none is made.
    pub(super) fn has_store(&self, settings: &StoreSettings) -> bool {
        let named = settings.data_dir.is_some() || settings.database.is_some();
        named || self.domain.is_none() && self.folder.is_none()
    }

    /// What is looked at besides the gate's own records.
    pub(super) fn deployment(
        &self,
        folder: Option<&ComposeFolder>,
        inside: Option<&Inside>,
    ) -> Result<Deployment> {
        let of_folder = |name: &str| folder?.variable(name).map(str::to_owned);
        let domain = self.domain.clone().or_else(|| of_folder("DOMAIN"));
        let below = domain.as_deref().map(hosts_below);
        let public_url = self.public_url.clone();
        let public_url = public_url.or_else(|| inside.and_then(|it| it.public_url.clone()));
        let public_url = match (public_url, &below) {
            (Some(url), _) => Some(url),
            (None, Some(([.., admin], _))) => {
                let url = Url::parse(&format!("https://{admin}/"));
                Some(url.with_context(|| format!("{admin} is no host: correct --domain"))?)
            }
            (None, None) => None,
        };
        let mut hosts = BTreeSet::new();
        let secure = public_url.as_ref().is_some_and(|it| it.scheme() == "https");
        if let Some(host) = public_url.as_ref().and_then(Url::host_str).filter(|_| secure) {
            hosts.insert(host.to_owned());
            match (&below, inside) {
                (Some((below, _)), _) => hosts.extend(below.iter().cloned()),
                (None, Some(inside)) => {
                    let rules = inside.company().host_rules.values();
                    let exact = rules.map(|it| it.host.as_str()).filter(|it| !it.contains('*'));
                    hosts.extend(exact.map(str::to_owned));
                }
                (None, None) => {}
            }
        }
        let auth = below.as_ref().map(|(_, auth)| auth.clone());
        let uses_auth = folder.is_some_and(ComposeFolder::has_authentik)
            || inside.is_some_and(|it| auth.as_deref().is_some_and(|host| signs_in_at(it, host)));
        if secure && uses_auth {
            hosts.extend(auth.clone());
        }
        let admin = inside.and_then(|it| {
            let mut users = it.company().users.values();
            users.find(|user| user.admin && user.enabled).map(|user| user.email.to_string())
        });
        // Somewhere to begin, where nothing public is looked at.
        let public_url = match public_url {
            Some(url) => url,
            None => Url::parse("http://localhost/")?,
        };
        let model = match &self.model_url {
            Some(url) => Some(Model { url: url.clone(), key: None }),
            None => folder.and_then(ComposeFolder::model),
        };
        let trusted = self.trusted_header.clone();
        let trusted = trusted.or_else(|| of_folder("OPEN_WEBUI_EMAIL_HEADER"));
        let here = inside.is_some() || folder.is_some();
        Ok(Deployment {
            side: if here { Side::Here } else { Side::Elsewhere },
            ports: Ports::of(&public_url, self.http_port),
            chat_host: below.map(|([app, ..], _)| app).filter(|_| secure),
            perhaps: auth.filter(|_| secure),
            hosts,
            public_url,
            keys: inside.map(Inside::keys),
            chat_url: self.open_webui_url.clone(),
            trusted_header: trusted.unwrap_or_else(|| TRUSTED.to_owned()),
            person: admin.or_else(|| of_folder("ADMIN_EMAIL")),
            model,
            folders: folders(folder, inside),
        })
    }
}

/// Whether people sign in with a provider at a host.
fn signs_in_at(inside: &Inside, host: &str) -> bool {
    inside.company().providers.values().any(|provider| {
        let issuer = Url::parse(provider.issuer.as_str());
        provider.enabled && issuer.is_ok_and(|it| it.host_str() == Some(host))
    })
}

/// Where data lies that must not be without room.
fn folders(
    folder: Option<&ComposeFolder>,
    inside: Option<&Inside>,
) -> Vec<(std::path::PathBuf, &'static str)> {
    let mut all = Vec::new();
    all.extend(inside.map(|it| (it.office.data_dir.clone(), "the data folder")));
    if let Some(folder) = folder {
        all.push((folder.path().to_owned(), "the Compose folder"));
        let volumes = std::path::Path::new(VOLUMES);
        if volumes.exists() {
            all.push((volumes.to_owned(), "volumes"));
        }
    }
    all
}
