use std::{sync::Arc, time::Duration};

use gatehall_domain::{Change, Clock, Company, Refusal, Snapshot};
use gatehall_store::{Actor, Store, StoreError};
use gatehall_vault::{Vault, VaultError};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// How long a change is prepared anew when somebody else was faster.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where changes are handed in: prepares them against the newest revision and applies them.
#[derive(Debug, Clone)]
pub struct Desk {
    store: Store,
    vault: Arc<Vault>,
    clock: Clock,
    actor: Actor,
}

/// Why an operation was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It breaks a rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed.
    #[error("a secret could not be sealed: {0}")]
    Vault(#[from] VaultError),
}

impl Desk {
    /// A desk at which `actor` works.
    pub const fn new(store: Store, vault: Arc<Vault>, clock: Clock, actor: Actor) -> Self {
        Self { store, vault, clock, actor }
    }

    /// The same desk with somebody else at it.
    #[must_use]
    pub fn with_actor(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// The store behind the desk.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The vault that seals what the desk stores.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The clock that dates what the desk stores.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The company as it is now.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.store.load().await
    }

    /// The changes that turn a revision round. The store refuses them if something newer touched
    /// what it changed.
    ///
    /// # Errors
    /// If there is no such revision, or it was not made by this program.
    pub async fn inverse(&self, revision: u64) -> Result<Vec<Change>, DeskError> {
        let changes = self.store.changes_of(revision).await?;
        let changes = changes.ok_or_else(|| Refusal::missing("revision to undo", revision))?;
        Ok(changes.into_iter().rev().map(Change::inverse).collect())
    }

    /// Whether a revision can be turned round in this company, by the rules that undo has to keep.
    pub(crate) async fn can_undo(&self, revision: u64, company: &Company) -> bool {
        let Ok(inverse) = self.inverse(revision).await else { return false };
        let mut company = company.clone();
        inverse.iter().all(|change| company.apply(change).is_ok())
    }

    /// Prepares changes against the newest revision and applies them as one, see
    /// [`Desk::change_from`]. No changes make no revision.
    ///
    /// # Errors
    /// What `prepare` says, or what keeps the store from applying it.
    pub async fn change<T>(
        &self,
        prepare: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), DeskError>,
    ) -> Result<T, DeskError> {
        let snapshot = Arc::new(self.store.load().await?);
        Ok(self.change_from(snapshot, prepare).await?.0)
    }

    /// [`Desk::change`], first against a snapshot that is at hand. Answers with the company as it
    /// is afterwards, if there were changes.
    ///
    /// Whoever has something to change waits for their turn; during it nobody else makes a
    /// revision, so that what is prepared then is also applied.
    ///
    /// # Errors
    /// As there, and [`StoreError::Busy`] if the turn did not come in time.
    pub async fn change_from<T, E: From<StoreError>>(
        &self,
        mut snapshot: Arc<Snapshot>,
        mut prepare: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), E>,
    ) -> Result<(T, Option<Arc<Snapshot>>), E> {
        let end = Instant::now() + PATIENCE;
        loop {
            // Most changes meet nobody, and what takes long to prepare keeps nobody waiting.
            let mut prepared = prepare(&snapshot);
            match &prepared {
                Ok((changes, _)) if changes.is_empty() => {}
                // What an older snapshot refuses, the newest may allow.
                Err(_) if self.store.revision().await? == snapshot.revision() => {}
                Ok(_) | Err(_) => {
                    let turn = self.store.turn().await?;
                    let newest = turn.newest(&snapshot).await?;
                    if newest.revision() != snapshot.revision() {
                        snapshot = newest;
                        prepared = prepare(&snapshot);
                    }
                    match prepared {
                        Ok((mut changes, answer)) if !changes.is_empty() => {
                            let now = self.clock.now();
                            snapshot.company().date_mappings(&mut changes, now);
                            match turn.apply(&snapshot, &changes, &self.actor, now).await {
                                Ok(applied) => return Ok((answer, Some(applied.snapshot))),
                                // Somebody else's lock was in the way of the database.
                                Err(StoreError::Moved) if Instant::now() < end => {
                                    sleep(jitter()).await;
                                    continue;
                                }
                                Err(StoreError::Moved) => return Err(StoreError::Busy.into()),
                                Err(error) => return Err(error.into()),
                            }
                        }
                        nothing => {
                            turn.end().await;
                            prepared = nothing;
                        }
                    }
                }
            }
            return prepared.map(|(_, answer)| (answer, None));
        }
    }
}

/// Some milliseconds, so that those who met do not meet again.
fn jitter() -> Duration {
    Duration::from_millis(10 + (Uuid::now_v7().as_u128() % 90) as u64)
}
