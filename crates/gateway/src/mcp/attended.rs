//! A call and whoever waits for it, who may be gone before its end.

use std::sync::Arc;

use crate::{
    call::{Done, Running, Step},
    era::Era,
    gateway::Gateway,
    session::Cancellable,
};

/// A call under way. In the modern era a broken connection cancels it; in the legacy era it means
/// nothing (2025-11-25, transports), so that the call goes on to its end, for the audit alone.
pub(super) struct Attended {
    /// Let go with its answer, so that a client that does not take it holds nothing else.
    running: Option<Running>,
    /// Where it goes on when nobody waits any more.
    goes_on: Option<Arc<Gateway>>,
    /// How its client still cancels it by name, whether or not it waits.
    cancellable: Option<Arc<Cancellable>>,
}

impl Attended {
    pub(super) fn new(running: Running, era: Era, gateway: &Arc<Gateway>) -> Self {
        let goes_on = (era == Era::Legacy).then(|| Arc::clone(gateway));
        Self { running: Some(running), goes_on, cancellable: None }
    }

    /// From here on its client can cancel it by name.
    pub(super) fn cancelled_by(&mut self, cancellable: Option<Arc<Cancellable>>) {
        self.cancellable = cancellable;
    }

    /// What comes next; nothing after its end. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Step {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let step = running.next().await;
        if matches!(step, Step::Done(_)) {
            self.running = None;
        }
        step
    }

    /// The end, whatever comes before it.
    pub(super) async fn done(mut self) -> Done {
        loop {
            if let Step::Done(done) = self.next().await {
                return done;
            }
        }
    }

    /// Ends the call: nobody wants its answer.
    pub(super) fn cancel(&mut self) {
        self.running = None;
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        if let (Some(running), Some(gateway)) = (self.running.take(), &self.goes_on) {
            gateway.go_on(running, self.cancellable.take());
        }
    }
}
