//! Every call is recorded, also those that were refused or failed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use gatehall_domain::{
    Because, CallEvent, Caller, ConnectionId, Denial, Outcome, Snapshot, Timestamp,
};
use tokio::sync::{mpsc, oneshot};

/// Takes events without ever waiting. Whoever holds the other end keeps them.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Queue>);

#[derive(Debug)]
struct Queue {
    sender: mpsc::Sender<Recorded>,
    sure: bool,
    lost: AtomicU64,
    shut: AtomicBool,
}

/// An event on its way to the audit.
#[derive(Debug)]
pub struct Recorded {
    /// What happened.
    pub event: CallEvent,
    /// Whom to tell whether it is on the disk, if somebody waits for that.
    pub kept: Option<oneshot::Sender<bool>>,
}

impl Recorder {
    /// A recorder, and the queue from which its events are to be taken. A `sure` one has answers
    /// wait until whoever takes the events says that they are kept.
    pub fn new(capacity: usize, sure: bool) -> (Self, mpsc::Receiver<Recorded>) {
        let (sender, events) = mpsc::channel(capacity);
        let (lost, shut) = (AtomicU64::new(0), AtomicBool::new(false));
        (Self(Arc::new(Queue { sender, sure, lost, shut })), events)
    }

    /// Whether answers wait until their events are kept.
    pub fn is_sure(&self) -> bool {
        self.0.sure
    }

    /// How many events were lost.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Counts events that were lost.
    pub fn lose(&self, events: u64) {
        self.0.lost.fetch_add(events, Ordering::Relaxed);
    }

    /// From now on no calls are made, or they are made again: without audit no call. Means
    /// something only to a `sure` recorder.
    pub fn shut(&self, shut: bool) {
        self.0.shut.store(shut, Ordering::Relaxed);
    }

    /// Whether no calls are made, since they could not be recorded.
    pub fn is_shut(&self) -> bool {
        self.0.sure && self.0.shut.load(Ordering::Relaxed)
    }

    fn record(&self, event: CallEvent) -> Receipt {
        let (kept, receipt) = match self.0.sure {
            true => {
                let (sender, receiver) = oneshot::channel();
                (Some(sender), Receipt(Some(receiver)))
            }
            false => (None, Receipt(None)),
        };
        // In a full queue the sender is dropped, which the receipt says.
        if self.0.sender.try_send(Recorded { event, kept }).is_err()
            && self.0.lost.fetch_add(1, Ordering::Relaxed) == 0
        {
            tracing::error!("the audit queue is full: events are being lost");
        }
        receipt
    }
}

/// Tells whether an event is kept, where the answer has to wait for that.
#[derive(Debug, Default)]
pub(crate) struct Receipt(Option<oneshot::Receiver<bool>>);

impl Receipt {
    /// Whether there is nothing to wait for.
    pub(crate) const fn is_settled(&self) -> bool {
        self.0.is_none()
    }

    /// Waits until it is known whether the event is kept. May be dropped and called again, until
    /// it has said so.
    pub(crate) async fn kept(&mut self) -> bool {
        let Some(receiver) = &mut self.0 else { return true };
        let kept = receiver.await.unwrap_or(false);
        self.0 = None;
        kept
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

    pub(crate) fn denied(mut self, denial: Denial) -> Receipt {
        self.close(Outcome::Denied(denial), 0)
    }

    pub(crate) fn answered(&mut self, tool_error: bool, bytes: usize) -> Receipt {
        let Some(because) = self.because else { return Receipt::default() };
        let outcome =
            if tool_error { Outcome::ToolError(because) } else { Outcome::Answered(because) };
        self.close(outcome, bytes)
    }

    pub(crate) fn failed(&mut self, what: &'static str) -> Receipt {
        let Some(because) = self.because else { return Receipt::default() };
        self.close(Outcome::Failed(because, what), 0)
    }

    /// The call is not made, since nothing could tell of it.
    pub(crate) fn unrecorded(mut self) {
        self.event = None;
        self.recorder.lose(1);
    }

    fn close(&mut self, outcome: Outcome, bytes: usize) -> Receipt {
        let Some(mut event) = self.event.take() else { return Receipt::default() };
        event.outcome = outcome;
        event.bytes_out = bytes as u64;
        event.duration_micros = self.began.elapsed().as_micros() as u64;
        self.recorder.record(event)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(because) = self.because {
            // Nobody waits for an answer.
            drop(self.close(Outcome::Cancelled(because), 0));
        }
    }
}
