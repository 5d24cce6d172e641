//! Every call is recorded, also those that were refused or failed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use gatehall_domain::{
    Because, CallEvent, Caller, ConnectionId, Denial, Outcome, Snapshot, Timestamp,
};
use tokio::sync::mpsc;

/// Takes events without ever waiting. Whoever holds the other end keeps them.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Queue>);

#[derive(Debug)]
struct Queue {
    sender: mpsc::Sender<CallEvent>,
    lost: AtomicU64,
}

impl Recorder {
    /// A recorder, and the queue from which its events are to be taken.
    pub fn new(capacity: usize) -> (Self, mpsc::Receiver<CallEvent>) {
        let (sender, events) = mpsc::channel(capacity);
        (Self(Arc::new(Queue { sender, lost: AtomicU64::new(0) })), events)
    }

    /// How many events found the queue full and were lost.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn record(&self, event: CallEvent) {
        if self.0.sender.try_send(event).is_err()
            && self.0.lost.fetch_add(1, Ordering::Relaxed) == 0
        {
            tracing::error!("the audit queue is full: events are being lost");
        }
    }
}

/// One call from its arrival to its end. Dropped before its end, it was cancelled.
#[derive(Debug)]
pub(crate) struct Account {
    recorder: Recorder,
    event: Option<CallEvent>,
    because: Option<Because>,
    began: Instant,
}

impl Account {
    pub(crate) fn open(
        recorder: &Recorder,
        at: Timestamp,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
        face: &'static str,
        request_id: u64,
    ) -> Self {
        let event = CallEvent {
            at,
            snapshot: Arc::clone(snapshot),
            caller: caller.clone(),
            face,
            connection: None,
            tool: Arc::from(""),
            outcome: Outcome::Denied(Denial::UnknownTool),
            duration_micros: 0,
            bytes_in: 0,
            bytes_out: 0,
            request_id,
        };
        Self {
            recorder: recorder.clone(),
            event: Some(event),
            because: None,
            began: Instant::now(),
        }
    }

    /// The number that ties answers, log lines and the audit together.
    pub(crate) fn request_id(&self) -> u64 {
        self.event.as_ref().map_or(0, |event| event.request_id)
    }

    /// What was asked for.
    pub(crate) fn asks(&mut self, tool: Arc<str>, connection: Option<ConnectionId>, bytes: usize) {
        if let Some(event) = &mut self.event {
            event.tool = tool;
            event.connection = connection;
            event.bytes_in = bytes as u64;
        }
    }

    /// The call was allowed and is under way.
    pub(crate) fn allowed(&mut self, because: Because) {
        self.because = Some(because);
    }

    pub(crate) fn denied(mut self, denial: Denial) {
        self.close(Outcome::Denied(denial), 0);
    }

    pub(crate) fn answered(&mut self, tool_error: bool, bytes: usize) {
        if let Some(because) = self.because {
            let outcome =
                if tool_error { Outcome::ToolError(because) } else { Outcome::Answered(because) };
            self.close(outcome, bytes);
        }
    }

    pub(crate) fn failed(&mut self, what: &'static str) {
        if let Some(because) = self.because {
            self.close(Outcome::Failed(because, what), 0);
        }
    }

    fn close(&mut self, outcome: Outcome, bytes: usize) {
        if let Some(mut event) = self.event.take() {
            event.outcome = outcome;
            event.bytes_out = bytes as u64;
            event.duration_micros = self.began.elapsed().as_micros() as u64;
            self.recorder.record(event);
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(because) = self.because {
            self.close(Outcome::Cancelled(because), 0);
        }
    }
}
