use std::time::Duration;

use sqlx::postgres::PgListener;

use crate::{Store, StoreError, engine::Engine};

/// How often SQLite is asked for its revision. The question costs some microseconds.
const SQLITE_POLL: Duration = Duration::from_millis(200);
/// How often PostgreSQL is asked although it notifies: a notification can be lost in a pooler.
const POSTGRES_POLL: Duration = Duration::from_secs(2);

/// Tells when the company has changed, whoever changed it.
#[derive(Debug)]
pub struct Feed {
    store: Store,
    listener: Option<PgListener>,
}

impl Store {
    /// Begins to watch for changes.
    pub fn feed(&self) -> Feed {
        Feed { store: self.clone(), listener: None }
    }
}

impl Feed {
    /// Waits until there is a reason to look, then gives the newest revision: at once after a
    /// notification, else after a short time. An answer also means that the database is there.
    ///
    /// # Errors
    /// If the database cannot be asked; the next call tries to reach it again.
    pub async fn next(&mut self) -> Result<u64, StoreError> {
        match &self.store.pool {
            Engine::Sqlite(_) => tokio::time::sleep(SQLITE_POLL).await,
            Engine::Postgres(pool) => {
                let listener = match &mut self.listener {
                    Some(listener) => listener,
                    None => {
                        let mut listener = PgListener::connect_with(pool).await?;
                        listener.listen("gatehall_revision").await?;
                        self.listener.insert(listener)
                    }
                };
                // Ok(None) means the connection was lost and notifications may have been missed:
                // then looking at once is right, too.
                if let Ok(Err(error)) =
                    tokio::time::timeout(POSTGRES_POLL, listener.try_recv()).await
                {
                    self.listener = None;
                    return Err(error.into());
                }
            }
        }
        self.store.revision().await
    }
}
