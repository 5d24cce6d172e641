use std::{
    sync::{Arc, Mutex, Weak},
    time::Instant,
};

use gatehall_domain::Snapshot;

use crate::{
    engine::{Engine, Pool, on},
    reserve::Reserve,
};

/// A database that holds a company.
#[derive(Debug, Clone)]
pub struct Store {
    /// For reading.
    pub(crate) pool: Pool,
    /// For writing. SQLite has one writer at a time; waiting for one connection is better than
    /// several that try again and again.
    pub(crate) writer: Pool,
    pub(crate) writing: Arc<Writing>,
    /// Where those wait who change the company.
    pub(crate) place: Arc<tokio::sync::Mutex<Place>>,
}

/// What this process knows of its writing.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    pub(crate) failing: Mutex<Option<(Instant, String)>>,
    /// On SQLite.
    pub(crate) reserve: Option<Reserve>,
}

/// The newest company that this process wrote, as long as somebody else holds it, too.
pub(crate) type Place = Weak<Snapshot>;

impl Store {
    pub(crate) fn new(pool: Pool, writer: Pool, writing: Writing) -> Self {
        Self { pool, writer, writing: Arc::new(writing), place: Arc::default() }
    }

    /// What the database is, in a word: `SQLite` or `PostgreSQL`.
    pub const fn kind(&self) -> &'static str {
        match self.pool {
            Engine::Sqlite(_) => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
        }
    }

    /// Closes all connections after what is under way.
    pub async fn close(&self) {
        on!(&self.pool, pool => pool.close().await);
        on!(&self.writer, pool => pool.close().await);
    }
}

impl Writing {
    pub(crate) fn with(reserve: Reserve) -> Self {
        Self { reserve: Some(reserve), ..Self::default() }
    }
}
