//! What one of all gates does at a time.

use std::sync::Arc;

use sqlx::query_scalar;
use tokio::sync::OwnedMutexGuard;

use crate::{
    Store, StoreError,
    engine::{Engine, Transaction},
    writing::{LIMIT, in_time},
};

/// As long as this is there, nobody else has it.
#[derive(Debug)]
pub struct Alone {
    /// Its end gives the lock back, and so does the end of its connection.
    _transaction: Option<Transaction>,
    _here: OwnedMutexGuard<()>,
}

impl Store {
    /// Takes what is called so for oneself: among all gates of a PostgreSQL, and among all that
    /// this process does with an SQLite. None if somebody has it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn alone(&self, what: &str) -> Result<Option<Alone>, StoreError> {
        let Ok(here) = Arc::clone(&self.alone).try_lock_owned() else { return Ok(None) };
        let Engine::Postgres(_) = &self.pool else {
            return Ok(Some(Alone { _transaction: None, _here: here }));
        };
        let taken = in_time(LIMIT, self.try_alone(what)).await?;
        Ok(taken.map(|transaction| Alone { _transaction: Some(transaction), _here: here }))
    }

    async fn try_alone(&self, what: &str) -> Result<Option<Transaction>, StoreError> {
        let mut transaction = self.pool.begin_write().await?;
        let Engine::Postgres(it) = &mut transaction else { return Ok(None) };
        let taken: bool = query_scalar("select pg_try_advisory_xact_lock(hashtextextended($1, 0))")
            .bind(what)
            .fetch_one(&mut **it)
            .await?;
        if !taken {
            transaction.roll_back().await;
            return Ok(None);
        }
        Ok(Some(transaction))
    }
}
