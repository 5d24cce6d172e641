use std::{sync::Arc, time::Duration};

use gatehall_domain::{Change, Clock, Company, Refusal, Snapshot};
use gatehall_store::{Actor, Store, StoreError, Turn};
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

/// What turns a revision round, as long as nothing newer touches what it touched.
#[derive(Debug)]
pub struct Inverse {
    revision: u64,
    /// Nothing had touched it until then.
    checked: u64,
    changes: Vec<Change>,
}

impl Inverse {
    /// How many changes it has.
    pub fn count(&self) -> usize {
        self.changes.len()
    }
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

    /// What turns a revision round.
    ///
    /// # Errors
    /// If there is no such revision, it was not made by this program, or something newer touched
    /// what it touched.
    pub async fn inverse(&self, revision: u64) -> Result<Inverse, DeskError> {
        let checked = self.store.revision().await?;
        let changes = self.store.changes_of(revision).await?;
        let changes = changes.ok_or_else(|| Refusal::missing("revision to undo", revision))?;
        self.store.untouched_since(revision).await?;
        let changes = changes.into_iter().rev().map(Change::inverse).collect();
        Ok(Inverse { revision, checked, changes })
    }

    /// Whether a revision can be turned round in this company, by the rules that undo has to keep.
    pub async fn can_undo(&self, revision: u64, company: &Company) -> bool {
        let Ok(inverse) = self.inverse(revision).await else { return false };
        let mut company = company.clone();
        inverse.changes.iter().all(|change| company.apply(change).is_ok())
    }

    /// Turns a revision round.
    ///
    /// # Errors
    /// As [`Desk::inverse`] and [`Desk::change`].
    pub async fn undo(&self, revision: u64) -> Result<(), DeskError> {
        let inverse = self.inverse(revision).await?;
        let snapshot = Arc::new(self.store.load().await?);
        self.undo_from(snapshot, &inverse, |_, _| Ok::<_, DeskError>(())).await?;
        Ok(())
    }

    /// The same, first against a snapshot that is at hand, and if `may` does not object to the
    /// changes. Answers with the company as it is afterwards.
    ///
    /// # Errors
    /// What `may` says, and as there.
    pub async fn undo_from<E: From<StoreError>>(
        &self,
        snapshot: Arc<Snapshot>,
        inverse: &Inverse,
        mut may: impl FnMut(&Snapshot, &[Change]) -> Result<(), E>,
    ) -> Result<Option<Arc<Snapshot>>, E> {
        let prepare = |snapshot: &Snapshot| {
            may(snapshot, &inverse.changes)?;
            Ok::<_, E>((inverse.changes.clone(), ()))
        };
        Ok(self.change_in_turn(snapshot, Some(inverse), prepare).await?.1)
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
        snapshot: Arc<Snapshot>,
        prepare: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), E>,
    ) -> Result<(T, Option<Arc<Snapshot>>), E> {
        self.change_in_turn(snapshot, None, prepare).await
    }

    async fn change_in_turn<T, E: From<StoreError>>(
        &self,
        mut snapshot: Arc<Snapshot>,
        inverse: Option<&Inverse>,
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
                    if !Arc::ptr_eq(&newest, &snapshot) {
                        snapshot = newest;
                        prepared = prepare(&snapshot);
                    }
                    match prepared {
                        Ok((mut changes, answer)) if !changes.is_empty() => {
                            if let Err(error) = self.still_untouched(inverse, &turn).await {
                                turn.end().await;
                                return Err(error.into());
                            }
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

impl Desk {
    /// Whether nothing touched what is to be undone since it was looked for. Nothing will during
    /// the turn.
    async fn still_untouched(
        &self,
        inverse: Option<&Inverse>,
        turn: &Turn,
    ) -> Result<(), StoreError> {
        match inverse {
            Some(it) if it.checked != turn.revision() => {
                self.store.untouched_since(it.revision).await
            }
            _ => Ok(()),
        }
    }
}

/// Some milliseconds, so that those who met do not meet again.
fn jitter() -> Duration {
    Duration::from_millis(10 + (Uuid::now_v7().as_u128() % 90) as u64)
}
