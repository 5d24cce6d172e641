use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The processes of a launch that ended by themselves, and who starts them again.
#[derive(Debug)]
pub(in crate::upstream) struct Deaths {
    look_again: Arc<Notify>,
    /// How many in a row did not live long.
    early: AtomicU32,
}

/// A process that lived so long did not fail at its start.
const LIVED: Duration = Duration::from_secs(60);
const SHORTEST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

impl Deaths {
    pub(in crate::upstream) fn new(look_again: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self { look_again, early: AtomicU32::new(0) })
    }

    /// Asks whoever keeps the catalogue to look again.
    pub(super) fn look_again(&self) -> Arc<Notify> {
        Arc::clone(&self.look_again)
    }

    /// Has the process started again, after a pause that grows while it keeps dying early.
    pub(super) async fn again(&self, lived: Duration, stop: &CancellationToken) {
        let early = match lived < LIVED {
            true => self.early.fetch_add(1, Ordering::Relaxed) + 1,
            false => {
                self.early.store(0, Ordering::Relaxed);
                0
            }
        };
        let pause = (SHORTEST_BACKOFF * 2_u32.saturating_pow(early.min(10))).min(LONGEST_BACKOFF);
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        self.look_again.notify_one();
    }
}
