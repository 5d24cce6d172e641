//! What the database says of itself.

use sqlx::query_scalar;

use crate::{Store, StoreError, engine::Engine};

/// What the database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Its version.
    pub version: String,
    /// Whether the connection to it is encrypted; none where there is none.
    pub encrypted: Option<bool>,
}

impl Store {
    /// Asks the database what it is.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn facts(&self) -> Result<DatabaseFacts, StoreError> {
        match &self.pool {
            Engine::Sqlite(pool) => {
                let version = query_scalar("select sqlite_version()").fetch_one(pool).await?;
                Ok(DatabaseFacts { version, encrypted: None })
            }
            Engine::Postgres(pool) => {
                let version = query_scalar("select current_setting('server_version')");
                let version = version.fetch_one(pool).await?;
                let encrypted =
                    query_scalar("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
                let encrypted = encrypted.fetch_optional(pool).await?;
                Ok(DatabaseFacts { version, encrypted })
            }
        }
    }
}
