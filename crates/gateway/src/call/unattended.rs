//! Calls for which nobody waits any more.

use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;
use gatehall_domain::{ConnectionId, UserId};
use tokio_util::task::TaskTracker;

use super::Running;
use crate::{
    Tasks,
    session::{Cancellable, cancelled},
};

/// So many of one caller go on at one connection. Without a limit one person could take all of its
/// places without holding a single connection to the gate.
const MOST: u32 = 8;

type Whose = (UserId, ConnectionId);

/// Those calls.
#[derive(Debug, Default)]
pub(crate) struct Unattended {
    tracker: TaskTracker,
    /// Touched only when a client goes away, and when such a call ends.
    counts: Arc<Mutex<HashMap<Whose, u32>>>,
}

impl Unattended {
    /// Has a call go on to its end, within its limits, unless its client still cancels it by name.
    /// What is more than may go on is cancelled.
    pub(crate) fn go_on(
        &self,
        running: Running,
        cancellable: Option<Arc<Cancellable>>,
        tasks: &Tasks,
    ) {
        let Some(place) = Place::take(&self.counts, running.whose()) else { return };
        let call = self.tracker.track_future(async move {
            tokio::select! {
                biased;
                () = cancelled(cancellable.as_deref()) => {}
                done = running.done() => drop(done),
            }
            drop(place);
        });
        tasks.spawn_until_stop(call);
    }

    /// Waits until none is under way.
    pub(crate) async fn end(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// One of the calls that may go on.
struct Place {
    counts: Arc<Mutex<HashMap<Whose, u32>>>,
    whose: Whose,
}

impl Place {
    fn take(counts: &Arc<Mutex<HashMap<Whose, u32>>>, whose: Whose) -> Option<Self> {
        let mut all = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(whose).or_default();
        (*count < MOST).then(|| {
            *count += 1;
            Self { counts: Arc::clone(counts), whose }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_caller_has_a_few_places_and_gets_them_back() {
        let counts = Arc::default();
        let [ada, bob] = [1, 2].map(|id| (UserId(Uuid::from_u128(id)), ConnectionId(Uuid::nil())));
        let mut taken: Vec<Place> = (0..20).filter_map(|_| Place::take(&counts, ada)).collect();
        assert_eq!(taken.len(), MOST as usize);
        assert!(Place::take(&counts, bob).is_some(), "others have their own");
        taken.pop();
        let again = Place::take(&counts, ada);
        assert!(again.is_some() && Place::take(&counts, ada).is_none());
        drop((taken, again));
        assert!(counts.lock().unwrap().is_empty(), "nothing is kept of who is gone");
    }
}
