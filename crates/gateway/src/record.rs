//! Every call is recorded, also those that were refused or failed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gatehall_domain::{
    Because, CallEvent, Caller, ConnectionId, DefinitionsEvent, Denial, GatewayEvent, Outcome,
    Snapshot, Timestamp,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// How long an answer waits for the audit. A disk that hangs says nothing at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it waits at most when the gate stops.
const AT_STOP: Duration = Duration::from_secs(1);

/// Takes events without ever waiting. Whoever holds the other end keeps them.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Queue>);

#[derive(Debug)]
struct Queue {
    sender: mpsc::Sender<Recorded>,
    sure: bool,
    lost: AtomicU64,
    shut: AtomicBool,
    stopping: CancellationToken,
}

/// An event on its way to the audit.
#[derive(Debug)]
pub struct Recorded {
    /// What happened.
    pub event: GatewayEvent,
    /// Whom to tell whether it is on the disk, if somebody waits for that.
    pub kept: Option<oneshot::Sender<bool>>,
}

impl Recorder {
    /// A recorder, and the queue from which its events are to be taken. A `sure` one has answers
    /// wait until whoever takes the events says that they are kept.
    pub fn new(capacity: usize, sure: bool) -> (Self, mpsc::Receiver<Recorded>) {
        let (sender, events) = mpsc::channel(capacity);
        let (lost, shut) = (AtomicU64::new(0), AtomicBool::new(false));
        let stopping = CancellationToken::new();
        (Self(Arc::new(Queue { sender, sure, lost, shut, stopping })), events)
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

    /// The gate stops: answers wait a moment and no longer.
    pub fn stop_waiting(&self) {
        self.0.stopping.cancel();
    }

    /// What a server defines is told, and nobody waits for that.
    pub(crate) fn definitions(&self, event: DefinitionsEvent) {
        drop(self.record(GatewayEvent::Definitions(event)));
    }

    fn record(&self, event: GatewayEvent) -> Receipt {
        let (kept, receipt) = match self.0.sure {
            true => {
                let (sender, receiver) = oneshot::channel();
                let stopping = self.0.stopping.clone();
                let late = tokio::time::Instant::now() + PATIENCE;
                (Some(sender), Receipt(Some(Awaited { kept: receiver, late, stopping })))
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
pub(crate) struct Receipt(Option<Awaited>);

#[derive(Debug)]
struct Awaited {
    kept: oneshot::Receiver<bool>,
    /// When it is waited for no longer.
    late: tokio::time::Instant,
    stopping: CancellationToken,
}

impl Receipt {
    /// Whether there is nothing to wait for.
    pub(crate) const fn is_settled(&self) -> bool {
        self.0.is_none()
    }

    /// Waits until it is known whether the event is kept; one that is not known to be in time, is
    /// not. May be dropped and called again, until it has said so.
    pub(crate) async fn kept(&mut self) -> bool {
        let Some(Awaited { kept, late, stopping }) = &mut self.0 else { return true };
        let stopped = async {
            stopping.cancelled().await;
            sleep(AT_STOP).await;
        };
        let kept = tokio::select! {
            biased;
            kept = kept => kept.unwrap_or(false),
            () = sleep_until(*late) => false,
            () = stopped => false,
        };
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
        self.recorder.record(GatewayEvent::Call(event))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn receipt(recorder: &Recorder) -> Receipt {
        let snapshot = Arc::new(Snapshot::new(1, Default::default()));
        let door = gatehall_domain::Door::PersonalKey;
        let caller = Caller { user: None, door, key: None, tenant: None };
        let at = Timestamp::from_micros(1);
        Account::open(recorder, at, &snapshot, &caller, "mcp", 1).denied(Denial::UnknownTool)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_does_not_wait_for_a_journal_that_hangs() {
        let (recorder, _calls) = Recorder::new(1, true);
        let mut receipt = receipt(&recorder);
        // Whoever waits may begin again.
        let _: Result<bool, _> = timeout(Duration::from_millis(1), receipt.kept()).await;
        assert_eq!(timeout(HOUR, receipt.kept()).await, Ok(false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_that_stops_waits_less_for_it() {
        let (recorder, _calls) = Recorder::new(1, true);
        let mut receipt = receipt(&recorder);
        recorder.stop_waiting();
        let began = tokio::time::Instant::now();
        assert_eq!(timeout(HOUR, receipt.kept()).await, Ok(false));
        assert!(began.elapsed() < PATIENCE);
    }
}
