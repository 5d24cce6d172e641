//! What is seen by somebody who has the store and the keys of the gate.

use std::{net::SocketAddr, time::Instant};

use anyhow::Result;
use gatehall_doctor::{Database, Senses, database};
use gatehall_domain::{Company, Finding, Snapshot};
use gatehall_identity::{ChatScene, Patient, examine};
use url::Url;

use super::options::DoctorOptions;
use crate::{office::Office, settings::StoreSettings};

/// The records and keys of a gate.
pub(super) struct Inside {
    pub(super) office: Office,
    pub(super) snapshot: Snapshot,
    pub(super) public_url: Option<Url>,
    chats: ChatScene,
    cookie_domain: Option<String>,
    listen: Option<SocketAddr>,
    allowed_hosts: Vec<String>,
}

impl Inside {
    /// Opens the store, and says how its database is.
    pub(super) async fn open(
        settings: &StoreSettings,
        options: &DoctorOptions,
        senses: &Senses,
    ) -> Result<(Self, Vec<Finding>)> {
        let office = Office::of_gate(settings).await?;
        let begun = Instant::now();
        let facts = office.store.facts().await?;
        let milliseconds = begun.elapsed().as_millis() as u64;
        let seen = Database {
            kind: format!("{} {}", office.store.kind(), facts.version),
            host: settings.database.as_deref().and_then(host_of),
            encrypted: facts.encrypted,
            milliseconds,
        };
        let findings = database(&seen, senses).await;
        let snapshot = office.store.load().await?;
        let said = office.public_url().await?;
        let chats = options.chats.scene(&office).await?;
        let inside = Self {
            public_url: options.public_url.clone().or(said),
            cookie_domain: options.cookie_domain.clone(),
            listen: options.listen,
            allowed_hosts: options.allowed_hosts.clone(),
            office,
            snapshot,
            chats,
        };
        Ok((inside, findings))
    }

    pub(super) fn company(&self) -> &Company {
        self.snapshot.company()
    }

    /// Looks at providers, proxies and the gate itself.
    pub(super) async fn examine(&self, progress: impl Fn(&str)) -> Vec<Finding> {
        let patient = Patient {
            company: self.company(),
            vault: &self.office.vault,
            public_url: self.public_url.clone(),
            cookie_domain: self.cookie_domain.clone(),
            listen: self.listen,
            allowed_hosts: self.allowed_hosts.clone(),
            chats: self.chats.clone(),
            now: self.office.clock.now(),
        };
        examine(&patient, progress).await
    }
}

/// The host of a database's address; none for a file or a socket.
fn host_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|it| it.scheme().starts_with("postgres"))?;
    let host = url.host_str().filter(|it| !it.is_empty())?.to_owned();
    (!host.contains("%2F")).then_some(host)
}

/// A store that cannot be opened.
pub(super) fn closed(error: &anyhow::Error) -> Finding {
    Finding::bad(
        "database",
        format!("{error:#}"),
        "fix what it says and run this again: providers, proxies and records were not checked",
    )
}

/// What is not looked at without a store.
pub(super) fn unseen() -> Finding {
    Finding::unknown(
        "gate",
        "its records, providers, database and proxies cannot be seen from here",
        "run it beside the gate, too: docker compose exec gatehall /gatehall doctor",
    )
}
