//! One at a time works at Open WebUIs: a gate that follows, the portal, or a command.

use std::time::Duration;

use gatehall_store::{Alone, Store};
use tokio::time::{Instant, sleep};

use super::WiringError;

/// Whoever works at Open WebUIs has this of the store.
const OPEN_WEBUI_LOCK: &str = "open-webui";

/// Waits until nobody else is at it, but not longer than this.
///
/// # Errors
/// If somebody is at it all the time, or the store does not answer.
pub async fn alone(store: &Store, patience: Duration) -> Result<Alone, WiringError> {
    let end = Instant::now() + patience;
    loop {
        match store.alone(OPEN_WEBUI_LOCK).await? {
            Some(alone) => return Ok(alone),
            None if Instant::now() >= end => return Err(WiringError::Taken),
            None => sleep(Duration::from_millis(200)).await,
        }
    }
}
