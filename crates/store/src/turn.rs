//! Whoever changes the company does so alone, and in their turn.

use std::{sync::Arc, time::Duration};

use gatehall_domain::{Change, Snapshot, Timestamp};
use sqlx::{query, query_scalar};
use tokio::{
    sync::OwnedMutexGuard,
    time::{Instant, timeout_at},
};

use crate::{
    Actor, Applied, Store, StoreError,
    engine::{Engine, Transaction},
    store::Place,
    writing::in_time,
};

/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take to write changes; large imports take some ten seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// The turn of one who changes the company. Within a process they come in the order in which they
/// asked; between processes the database's lock lets in one after the other. As long as it lasts
/// nobody makes a revision.
#[derive(Debug)]
pub struct Turn {
    store: Store,
    place: OwnedMutexGuard<Place>,
    transaction: Transaction,
    revision: u64,
}

impl Store {
    /// Waits for the turn to change the company.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if it did not come in time; else why the database cannot be written.
    pub async fn turn(&self) -> Result<Turn, StoreError> {
        let end = Instant::now() + PATIENCE;
        let place = timeout_at(end, Arc::clone(&self.place).lock_owned());
        let place = place.await.map_err(|_| StoreError::Busy)?;
        let (transaction, revision) = self.begin_turn(end).await?;
        Ok(Turn { store: self.clone(), place, transaction, revision })
    }

    async fn begin_turn(&self, end: Instant) -> Result<(Transaction, u64), StoreError> {
        let begun = in_time(PATIENCE * 2, self.try_begin_turn(end)).await;
        self.note(begun)
    }

    async fn try_begin_turn(&self, end: Instant) -> Result<(Transaction, u64), StoreError> {
        let mut transaction = loop {
            match self.writer.begin_write().await.map_err(StoreError::from) {
                // SQLite waits for a moment by itself, and not in order.
                Err(StoreError::Locked) if Instant::now() < end => {}
                Err(StoreError::Locked) => return Err(StoreError::Busy),
                begun => break begun?,
            }
        };
        let number: i64 = match &mut transaction {
            Engine::Sqlite(it) => {
                query_scalar("select number from revision").fetch_one(&mut **it).await?
            }
            // The row's lock lets in other replicas, and those who write through views, one after
            // the other.
            Engine::Postgres(it) => {
                let left = end.saturating_duration_since(Instant::now()).as_millis().max(1);
                query("select set_config('lock_timeout', $1, true)")
                    .bind(left.to_string())
                    .execute(&mut **it)
                    .await?;
                query_scalar("select number from revision for update").fetch_one(&mut **it).await?
            }
        };
        Ok((transaction, number as u64))
    }
}

impl Turn {
    /// The newest revision.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The company at it: the very one at hand, if it is still that.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn newest(&self, at_hand: &Arc<Snapshot>) -> Result<Arc<Snapshot>, StoreError> {
        let written = self.place.upgrade();
        let mut known = [Some(at_hand), written.as_ref()].into_iter().flatten();
        let known = known.find(|it| it.revision() == self.revision);
        self.store.newest(known.unwrap_or(at_hand)).await
    }

    /// Applies changes to the company at `base`, all or none: the records, one audit event for
    /// each, and one new revision are one transaction.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if a change breaks a rule, [`StoreError::Moved`] if `base` is not
    /// the newest revision.
    pub async fn apply(
        mut self,
        base: &Snapshot,
        changes: &[Change],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        let prepared = match crate::apply::Prepared::new(base, changes, actor) {
            Ok(prepared) if base.revision() == self.revision => prepared,
            refused => {
                self.end().await;
                return Err(refused.err().unwrap_or(StoreError::Moved));
            }
        };
        let urgent = changes.iter().all(Change::takes_rights);
        if !urgent && let Err(error) = self.store.note(self.store.has_room().await) {
            self.end().await;
            return Err(error);
        }
        loop {
            let Self { store, transaction, .. } = self;
            let written = in_time(LIMIT, prepared.write(transaction, now)).await;
            match written {
                Err(error) if urgent && error.is_no_room() && store.release() => {}
                written => {
                    let (revision, last) = store.note(written)?;
                    let snapshot = base.next(revision, prepared.into_company(), changes);
                    let snapshot = Arc::new(snapshot.ended_by(Some(last)));
                    *self.place = Arc::downgrade(&snapshot);
                    return Ok(Applied { snapshot });
                }
            }
            let (transaction, revision) = store.begin_turn(Instant::now() + PATIENCE).await?;
            if revision != base.revision() {
                return Err(StoreError::Moved);
            }
            self = Self { store, place: self.place, transaction, revision };
        }
    }

    /// Ends the turn without a change.
    pub async fn end(self) {
        self.transaction.roll_back().await;
    }
}
