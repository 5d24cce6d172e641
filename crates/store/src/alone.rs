//! What one of all programs that work with a store does at a time.

use std::fs::{File, TryLockError};

use sqlx::{
    ConnectOptions, Connection, Either, PgConnection, PgPool, SqlitePool, postgres::PgAdvisoryLock,
};
use tokio::sync::Mutex;

use crate::{
    Store, StoreError,
    engine::Engine,
    writing::{LIMIT, in_time},
};

/// As long as this is there, nobody else has it. Dropped, it is let go a moment later.
#[derive(Debug)]
pub struct Alone {
    /// On PostgreSQL it is held for as long as the connection lasts.
    held: Engine<File, Mutex<PgConnection>>,
}

impl Alone {
    /// Whether it is still held, which is asked before anything is done that nobody else may do at
    /// the same time: a server may end a connection whenever it likes.
    ///
    /// # Errors
    /// If it was lost.
    pub async fn must_be_held(&self) -> Result<(), StoreError> {
        match &self.held {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(held) => {
                in_time(LIMIT, async { Ok(held.lock().await.ping().await?) }).await
            }
        }
    }

    /// Lets it go, at once.
    pub async fn end(self) {
        if let Engine::Postgres(held) = self.held {
            let _ = in_time(LIMIT, async { Ok(held.into_inner().close().await?) }).await;
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
            Engine::Postgres(pool) => in_time(LIMIT, session(pool, what))
                .await?
                .map(|connection| Engine::Postgres(Mutex::new(connection))),
        };
        Ok(held.map(|held| Alone { held }))
    }
}

/// A connection that has the lock. It is none of the pool's, since it may be held for minutes.
async fn session(pool: &PgPool, what: &str) -> Result<Option<PgConnection>, StoreError> {
    let connection = pool.connect_options().connect().await?;
    match PgAdvisoryLock::new(what).try_acquire(connection).await? {
        Either::Left(guard) => Ok(Some(guard.leak())),
        Either::Right(connection) => {
            connection.close().await?;
            Ok(None)
        }
    }
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
