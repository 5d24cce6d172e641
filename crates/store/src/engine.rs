//! One code path for two databases.
//!
//! [`Pool`] and [`Transaction`] hold the native type of either; `on!` writes an expression once
//! and compiles it for each.

use std::ops::{Deref, DerefMut};

use sqlx::{Database, PgPool, Postgres, Sqlite, SqlitePool, pool::PoolConnection, raw_sql};

/// Either database's form of something.
#[derive(Debug, Clone)]
pub(crate) enum Engine<S, P> {
    Sqlite(S),
    Postgres(P),
}

pub(crate) type Pool = Engine<SqlitePool, PgPool>;
pub(crate) type Transaction = Engine<Held<Sqlite>, Held<Postgres>>;

/// `on!(engine, it => expression)`: the expression with `it` bound to the native type.
macro_rules! on {
    ($engine:expr, $it:ident => $body:expr) => {
        match $engine {
            $crate::engine::Engine::Sqlite($it) => $body,
            $crate::engine::Engine::Postgres($it) => $body,
        }
    };
}
pub(crate) use on;

/// A connection within a transaction. Unless the transaction came to an end that the database
/// confirmed, the connection is closed and not used again: after a full disk, a failed commit or a
/// future that was dropped, nobody knows what state it is in. Closing it rolls back.
#[derive(Debug)]
pub(crate) struct Held<DB: Database> {
    connection: PoolConnection<DB>,
    ended: bool,
}

impl<DB: Database> Held<DB> {
    const fn new(connection: PoolConnection<DB>) -> Self {
        Self { connection, ended: false }
    }
}

impl<DB: Database> Deref for Held<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: Database> DerefMut for Held<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

impl<DB: Database> Drop for Held<DB> {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

impl Pool {
    /// A transaction that will write. On SQLite it takes the write lock at once, so that it cannot
    /// fail half-way because another program wrote first.
    pub(crate) async fn begin_write(&self) -> sqlx::Result<Transaction> {
        self.begin("begin immediate", "begin").await
    }

    /// A transaction that sees one moment of the database.
    pub(crate) async fn begin_read(&self) -> sqlx::Result<Transaction> {
        self.begin("begin", "begin isolation level repeatable read read only").await
    }

    async fn begin(
        &self,
        sqlite: &'static str,
        postgres: &'static str,
    ) -> sqlx::Result<Transaction> {
        Ok(match self {
            Self::Sqlite(pool) => {
                let mut held = Held::new(pool.acquire().await?);
                raw_sql(sqlite).execute(&mut *held).await?;
                Engine::Sqlite(held)
            }
            Self::Postgres(pool) => {
                let mut held = Held::new(pool.acquire().await?);
                raw_sql(postgres).execute(&mut *held).await?;
                Engine::Postgres(held)
            }
        })
    }
}

impl Transaction {
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        self.end("commit").await
    }

    /// Ends it without a trace. Where that fails, so does nothing else.
    pub(crate) async fn roll_back(self) {
        let _ = self.end("rollback").await;
    }

    async fn end(self, how: &'static str) -> sqlx::Result<()> {
        on!(self, held => {
            let mut held = held;
            raw_sql(how).execute(&mut *held).await?;
            held.ended = true;
        });
        Ok(())
    }
}
