//! Providers as they run: what they said of themselves, and their keys.

mod account;
mod graph;
mod keys;
mod members;
mod metadata;
mod own_client;
mod running;
mod trouble;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use foldhash::{HashMap, HashMapExt};
use futures_util::future::join_all;
use gatehall_domain::{Provider, ProviderId, Snapshot};
use gatehall_vault::Vault;
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::Notify,
    time::{Duration, Instant, sleep},
};

pub use account::supposed_visit;
pub(crate) use account::{Asker, Source, directory, subject, wanted_claims};
pub(crate) use members::AGAIN as ASK_GROUPS_AGAIN;
pub(crate) use metadata::Metadata;
pub(crate) use metadata::MetadataError;
pub(crate) use running::{Known, Running};
pub use trouble::ProviderTrouble;

use crate::fetch::Fetch;

/// How often what a provider says of itself is read anew.
const REFRESH: Duration = Duration::from_secs(3600);

/// How soon a provider that could not be read is asked again.
const AGAIN: Duration = Duration::from_secs(15);

/// All providers of the company, as they run.
pub(crate) struct Providers {
    running: ArcSwap<HashMap<ProviderId, Arc<Running>>>,
    /// The revision that is followed. Whoever follows another has it alone meanwhile.
    followed: Mutex<u64>,
    pub(crate) fetch: Fetch,
    vault: Arc<Vault>,
    /// Rings when there is a provider that nothing is known of yet.
    fresh: Notify,
}

/// A client's secret cannot be had; the log says why.
#[derive(Debug, thiserror::Error)]
#[error("the client's secret cannot be used")]
pub(crate) struct SecretMissing;

impl std::fmt::Debug for Providers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Providers")
    }
}

impl Providers {
    pub(crate) fn new(vault: Arc<Vault>) -> Self {
        let (running, followed) = Default::default();
        Self { running, followed, fetch: Fetch::new(), vault, fresh: Notify::new() }
    }

    /// Follows the records: what changed begins anew, what stayed keeps what it knows. Of an older
    /// revision than the one that is followed nothing is taken.
    pub(crate) fn follow(&self, snapshot: &Snapshot) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if snapshot.revision() >= *followed {
            self.run(&mut followed, snapshot);
        }
    }

    /// Follows an older revision, since the store has nothing newer any more.
    pub(crate) fn go_back(&self, snapshot: &Snapshot) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        self.run(&mut followed, snapshot);
    }

    fn run(&self, followed: &mut u64, snapshot: &Snapshot) {
        *followed = snapshot.revision();
        let before = self.running.load();
        let records = &snapshot.company().providers;
        let enabled = records.values().filter(|record| record.enabled);
        let mut running = HashMap::with_capacity(records.len());
        let mut fresh = false;
        for record in enabled {
            let kept = before.get(&record.id).filter(|kept| kept.record == *record);
            let now = kept.cloned().unwrap_or_else(|| {
                fresh = true;
                Arc::new(Running::new(Arc::clone(record), self.fetch.clone()))
            });
            running.insert(record.id.clone(), now);
        }
        if fresh || running.len() != before.len() {
            self.running.store(Arc::new(running));
            self.fresh.notify_one();
        }
    }

    /// Reads what providers say of themselves, and reads it anew from time to time. None waits for
    /// another. Never ends.
    pub(crate) async fn keep(&self) {
        let mut read_at = Instant::now();
        loop {
            let due = read_at.elapsed() >= REFRESH;
            if due {
                read_at = Instant::now();
            }
            let running = self.running.load_full();
            let asked = running.values().filter(|it| due || it.known().is_none());
            join_all(asked.map(|it| it.refresh())).await;
            let all_known = running.values().all(|it| it.known().is_some());
            tokio::select! {
                () = sleep(if all_known { REFRESH } else { AGAIN }) => {}
                () = self.fresh.notified() => {}
            }
        }
    }

    pub(crate) fn get(&self, id: &ProviderId) -> Option<Arc<Running>> {
        self.running.load().get(id).cloned()
    }

    /// Those that sign tokens of this issuer. With several clients at one provider there are
    /// several.
    pub(crate) fn of_issuer(&self, issuer: &str) -> Vec<Arc<Running>> {
        let running = self.running.load();
        let mut found: Vec<_> = running.values().filter(|it| it.may_issue(issuer)).collect();
        found.sort_by(|a, b| a.record.id.cmp(&b.record.id));
        found.into_iter().cloned().collect()
    }

    /// All, in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Arc<Running>> {
        let mut all: Vec<_> = self.running.load().values().cloned().collect();
        all.sort_by(|a, b| a.record.id.cmp(&b.record.id));
        all
    }

    /// Why people cannot sign in with a provider, as far as it was seen.
    pub(crate) fn trouble(&self, id: &ProviderId) -> Option<ProviderTrouble> {
        let running = self.get(id)?;
        running.trouble().or_else(|| self.secret_trouble(&running.record))
    }

    fn secret_trouble(&self, record: &Provider) -> Option<ProviderTrouble> {
        let problem = self.open_secret(record).err()?;
        Some(ProviderTrouble {
            found: format!("the client's secret cannot be used: {problem}"),
            remedy: "set the client's secret anew",
            lasts: true,
        })
    }

    /// Whether somebody can sign in with some provider, as far as it was seen.
    pub(crate) fn work(&self) -> bool {
        self.running.load().values().any(|it| {
            let sign_in = it.record.settings.sign_in && it.known().is_some();
            let trouble = || it.trouble().or_else(|| self.secret_trouble(&it.record));
            sign_in && !trouble().is_some_and(|it| it.lasts)
        })
    }

    fn open_secret(&self, record: &Provider) -> Result<Option<SecretString>, String> {
        let Some(source) = &record.client_secret else { return Ok(None) };
        match self.vault.open_client_secret(&record.id, source) {
            Ok(secret) if !secret.expose_secret().is_empty() => Ok(Some(secret)),
            Ok(_) => Err("it is empty".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Our secret at a provider; none where the record has none, which makes us a public client.
    ///
    /// # Errors
    /// If the record has one that cannot be had. Nobody must become a public client by that.
    pub(crate) fn client_secret(
        &self,
        record: &Provider,
    ) -> Result<Option<SecretString>, SecretMissing> {
        self.open_secret(record).map_err(|problem| {
            tracing::error!(
                provider.id = %record.id,
                error = problem,
                "the client's secret cannot be used, so that nobody can sign in there"
            );
            SecretMissing
        })
    }
}

#[cfg(test)]
mod tests;
