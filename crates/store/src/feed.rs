use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::time::{sleep, timeout};

use crate::{Store, StoreError, engine::Engine};

/// How often SQLite is asked for its revision. The question costs some microseconds.
const SQLITE_POLL: Duration = Duration::from_millis(200);
/// How often PostgreSQL is asked although it notifies: a notification can be lost in a pooler.
const POSTGRES_POLL: Duration = Duration::from_secs(2);

/// Tells when something has changed, whoever changed it.
#[derive(Debug)]
pub struct Feed {
    store: Store,
    channel: &'static str,
    listener: Option<PgListener>,
}

impl Store {
    /// Begins to watch for changes of the company.
    pub fn feed(&self) -> Feed {
        Feed { store: self.clone(), channel: "gatehall_revision", listener: None }
    }

    /// Begins to watch for sessions that begin and end.
    pub fn session_feed(&self) -> Feed {
        Feed { store: self.clone(), channel: "gatehall_sessions", listener: None }
    }
}

impl Feed {
    /// Waits until there is a reason to look: at once after a notification, else a short time.
    ///
    /// # Errors
    /// If the database cannot be listened to; the next call tries to reach it again.
    pub async fn woken(&mut self) -> Result<(), StoreError> {
        match &self.store.pool {
            Engine::Sqlite(_) => sleep(SQLITE_POLL).await,
            Engine::Postgres(pool) => {
                let listener = match &mut self.listener {
                    Some(listener) => listener,
                    None => {
                        let mut listener = PgListener::connect_with(pool).await?;
                        listener.listen(self.channel).await?;
                        self.listener.insert(listener)
                    }
                };
                // Ok(None) means the connection was lost and notifications may have been missed:
                // then looking at once is right, too.
                if let Ok(Err(error)) = timeout(POSTGRES_POLL, listener.try_recv()).await {
                    self.listener = None;
                    return Err(error.into());
                }
                // What came together is one reason. What fails here fails again at the next call.
                while let Ok(Ok(Some(_))) = timeout(Duration::ZERO, listener.try_recv()).await {}
            }
        }
        Ok(())
    }
}
