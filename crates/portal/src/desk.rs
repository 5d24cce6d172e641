use std::sync::Arc;

use gatehall_domain::{Change, Clock, Company, Refusal, Snapshot};
use gatehall_store::{Actor, Store, StoreError};
use gatehall_vault::{Vault, VaultError};

/// How often a change is prepared anew when somebody else was faster.
const ATTEMPTS: usize = 8;

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

    /// Prepares changes against the newest revision and applies them as one. If somebody else is
    /// faster, prepares them anew. No changes make no revision.
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
    /// # Errors
    /// As there.
    pub async fn change_from<T, E: From<StoreError>>(
        &self,
        mut snapshot: Arc<Snapshot>,
        mut prepare: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), E>,
    ) -> Result<(T, Option<Snapshot>), E> {
        let mut attempt = 1;
        loop {
            let again = attempt < ATTEMPTS;
            match prepare(&snapshot) {
                Ok((changes, answer)) if changes.is_empty() => return Ok((answer, None)),
                Ok((changes, answer)) => {
                    let now = self.clock.now();
                    match self.store.apply(&snapshot, &changes, &self.actor, now).await {
                        Ok(applied) => {
                            let after = Snapshot::new(applied.revision, applied.company);
                            return Ok((answer, Some(after)));
                        }
                        Err(StoreError::Moved) if again => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                // What an older snapshot refuses, the newest may allow.
                Err(_) if again && self.store.revision().await? != snapshot.revision() => {}
                Err(error) => return Err(error),
            }
            attempt += 1;
            snapshot = Arc::new(self.store.load().await?);
        }
    }
}
