use gatehall_domain::{Session, UserId};
use gatehall_identity::{Rejection, Visit};
use tokio::sync::{mpsc, oneshot};

/// How many visits, and how many sessions, are written at once.
pub(super) const AT_ONCE: usize = 1000;

/// Something to write, and who waits for what comes of it.
pub(super) type Waiter<T, Done> = (T, oneshot::Sender<Result<Done, Rejection>>);

/// What waits to be written.
pub(in crate::serve) struct Queues {
    pub(super) visits: mpsc::Receiver<Waiter<Visit, UserId>>,
    pub(super) sessions: mpsc::Receiver<Waiter<Session, ()>>,
}

/// Where visits and sessions that begin are handed in.
pub(super) struct Waiting {
    pub(super) visits: mpsc::Sender<Waiter<Visit, UserId>>,
    pub(super) sessions: mpsc::Sender<Waiter<Session, ()>>,
}

impl Waiting {
    pub(super) fn new() -> (Self, Queues) {
        let ((visits, coming), (sessions, beginning)) =
            (mpsc::channel(AT_ONCE), mpsc::channel(AT_ONCE));
        (Self { visits, sessions }, Queues { visits: coming, sessions: beginning })
    }
}
