//! What is known of the deployment here.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gatehall_compose_folder::{Hosts, values::domain};
use gatehall_doctor::{ComposeFolder, Deployment, Model, Side};
use url::Url;

use super::{options::DoctorOptions, store::Inside};
use crate::{deployment::public_side, settings::StoreSettings};

/// Where engines keep volumes, and so most databases.
const VOLUMES: &str = "/var/lib/docker";

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
        // One that is none is told with the other variables.
        let domain = self.domain.clone().or_else(|| domain(&of_folder("DOMAIN")?).ok());
        let mut public_url = self.public_url.clone();
        if public_url.is_none() {
            public_url = inside.and_then(|it| it.public_url.clone());
        }
        if let (None, Some(domain)) = (&public_url, &domain) {
            let url = Url::parse(&format!("https://{}/", Hosts::below(domain).portal));
            public_url = Some(url.with_context(|| format!("{domain} is no domain"))?);
        }
        let company = inside.map(Inside::company);
        let vault = inside.map(|it| it.office.vault.as_ref());
        let mut it =
            public_side(public_url.as_ref(), domain.as_deref(), company, vault, self.http_port);
        let has_authentik = folder.is_some_and(ComposeFolder::has_authentik);
        if let Some(domain) = domain.filter(|_| has_authentik && !it.hosts.is_empty()) {
            it.hosts.insert(Hosts::below(&domain).provider);
        }
        if inside.is_none() && folder.is_none() {
            it.side = Side::Elsewhere;
        }
        let trusted = self.trusted_header.clone();
        if let Some(header) = trusted.or_else(|| of_folder("OPEN_WEBUI_EMAIL_HEADER")) {
            it.trusted_header = header;
        }
        it.proxy_network = self.proxy_network;
        it.chat_url = self.open_webui_url.clone();
        it.person = it.person.or_else(|| of_folder("ADMIN_EMAIL"));
        it.model = match &self.model_url {
            Some(url) => Some(Model { url: url.clone(), key: None }),
            None => folder.and_then(ComposeFolder::model),
        };
        it.folders = folders(folder, inside);
        Ok(it)
    }
}

/// Where data lies that must not be without room.
fn folders(
    folder: Option<&ComposeFolder>,
    inside: Option<&Inside>,
) -> Vec<(PathBuf, &'static str)> {
    let mut all = Vec::new();
    all.extend(inside.map(|it| (it.office.data_dir.clone(), "the data folder")));
    if let Some(folder) = folder {
        all.push((folder.path().to_owned(), "the Compose folder"));
        let volumes = Path::new(VOLUMES);
        if volumes.exists() {
            all.push((volumes.to_owned(), "volumes"));
        }
    }
    all
}
