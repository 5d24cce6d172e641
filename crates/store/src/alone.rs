//! What one of all programs that work with a store does at a time.

use std::fs::{File, TryLockError};

use sqlx::{SqlitePool, query_scalar};

use crate::{
    Store, StoreError,
    engine::{Engine, Pool, Transaction},
    writing::{LIMIT, in_time},
};

/// As long as this is there, nobody else has it. Dropped, it is let go a moment later.
#[derive(Debug)]
pub struct Alone {
    held: Engine<File, Transaction>,
}

impl Alone {
    /// Lets it go, at once.
    pub async fn end(self) {
        if let Engine::Postgres(transaction) = self.held {
            transaction.roll_back().await;
        }
    }
}

impl Store {
    /// Takes what is called so for oneself. None if somebody has it.
    ///
    /// # Errors
    /// If the database does not answer, or the file beside it cannot be locked.
    pub async fn alone(&self, what: &str) -> Result<Option<Alone>, StoreError> {
        let held = match &self.pool {
            Engine::Sqlite(pool) => beside(pool, what).await?.map(Engine::Sqlite),
            Engine::Postgres(_) => {
                in_time(LIMIT, within(&self.pool, what)).await?.map(Engine::Postgres)
            }
        };
        Ok(held.map(|held| Alone { held }))
    }
}

/// A lock of PostgreSQL, for as long as a transaction.
async fn within(pool: &Pool, what: &str) -> Result<Option<Transaction>, StoreError> {
    let mut transaction = pool.begin_write().await?;
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

/// The lock of a file beside an SQLite, which would let nobody write meanwhile.
async fn beside(pool: &SqlitePool, what: &str) -> Result<Option<File>, StoreError> {
    let mut path = pool.connect_options().get_filename().to_owned().into_os_string();
    path.push(format!("-{what}.lock"));
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    });
    match locked.await {
        Ok(Ok(taken)) => Ok(taken),
        _ => Err(StoreError::CannotOpen),
    }
}
