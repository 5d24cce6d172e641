//! How writing goes, and who may write when there is no room.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use crate::{Store, StoreError, reserve::Reserve};

/// How long a write may take. A server that is gone without a word would be waited for much longer.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Does work, unless it takes too long.
pub(crate) async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late =
        || StoreError::Unreachable(format!("it did not answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}

/// Writing fails.
#[derive(Debug, Clone)]
pub struct WriteTrouble {
    /// For how long.
    pub lasted: Duration,
    /// Why.
    pub error: String,
}

impl Store {
    /// Whether writing fails, as the last attempt had it. A gate says of itself every few seconds
    /// what it serves, so an attempt is never long ago.
    pub fn write_trouble(&self) -> Option<WriteTrouble> {
        let failing = self.writing.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, error) = failing.as_ref()?;
        Some(WriteTrouble { lasted: since.elapsed(), error: error.clone() })
    }

    /// Does work that writes and can wait until there is room.
    pub(crate) async fn write<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let done = match self.has_room().await {
            Ok(()) => in_time(LIMIT, work).await,
            Err(error) => Err(error),
        };
        self.note(done)
    }

    /// Whether others than those who take rights away may write.
    pub(crate) async fn has_room(&self) -> Result<(), StoreError> {
        let writing = Arc::clone(&self.writing);
        if writing.reserve.is_none() {
            return Ok(());
        }
        let filled =
            tokio::task::spawn_blocking(move || writing.reserve.as_ref().is_none_or(Reserve::fill));
        if filled.await.unwrap_or(true) { Ok(()) } else { Err(StoreError::Full) }
    }

    /// Gives away a part of the reserve.
    pub(crate) fn release(&self) -> bool {
        self.writing.reserve.as_ref().is_some_and(Reserve::release)
    }

    /// Remembers whether writing works.
    pub(crate) fn note<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        let mut failing = self.writing.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match &done {
            Ok(_) => {
                if let Some((since, _)) = failing.take() {
                    let seconds = since.elapsed().as_secs();
                    tracing::info!(seconds, "the database can be written again");
                }
            }
            Err(error) if error.is_trouble() => {
                // This is told to whoever asks for the gate's health.
                let text = match error {
                    StoreError::Unreachable(_) => "the database cannot be reached".to_owned(),
                    StoreError::Database(_) | StoreError::Unfit(_) => {
                        "the database failed: the log says how".to_owned()
                    }
                    error => error.to_string(),
                };
                match &mut *failing {
                    Some((_, known)) => *known = text,
                    None => {
                        tracing::error!(%error, "the database cannot be written");
                        *failing = Some((Instant::now(), text));
                    }
                }
            }
            Err(_) => {}
        }
        done
    }
}
