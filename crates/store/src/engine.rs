//! One code path for two databases.
//!
//! [`Pool`] and [`Transaction`] hold the native type of either; `on!` writes an expression once
//! and compiles it for each.

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

/// Either database's form of something.
#[derive(Debug, Clone)]
pub(crate) enum Engine<S, P> {
    Sqlite(S),
    Postgres(P),
}

pub(crate) type Pool = Engine<SqlitePool, PgPool>;
pub(crate) type Transaction =
    Engine<sqlx::Transaction<'static, Sqlite>, sqlx::Transaction<'static, Postgres>>;

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

impl Pool {
    /// A transaction that will write. On SQLite it takes the write lock at once, so that it cannot
    /// fail half-way because another program wrote first.
    pub(crate) async fn begin_write(&self) -> sqlx::Result<Transaction> {
        Ok(match self {
            Self::Sqlite(pool) => Engine::Sqlite(pool.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Engine::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that sees one moment of the database.
    pub(crate) async fn begin_read(&self) -> sqlx::Result<Transaction> {
        Ok(match self {
            Self::Sqlite(pool) => Engine::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => Engine::Postgres(
                pool.begin_with("begin isolation level repeatable read read only").await?,
            ),
        })
    }
}

impl Transaction {
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        on!(self, it => it.commit().await)
    }
}
