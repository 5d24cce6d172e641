use gatehall_domain::UserId;
use gatehall_identity::{Rejection, Visit};
use tokio::sync::{mpsc, oneshot};

/// How many visits are settled at once.
pub(super) const AT_ONCE: usize = 1000;

/// A visit, and who waits for it.
pub(super) type Waiter = (Visit, oneshot::Sender<Result<UserId, Rejection>>);

/// What waits to be written.
pub(in crate::serve) struct Queues {
    pub(super) visits: mpsc::Receiver<Waiter>,
}

/// Where visits are handed in.
pub(super) struct Waiting {
    pub(super) visits: mpsc::Sender<Waiter>,
}

impl Waiting {
    pub(super) fn new() -> (Self, Queues) {
        let (visits, waiting) = mpsc::channel(AT_ONCE);
        (Self { visits }, Queues { visits: waiting })
    }
}
