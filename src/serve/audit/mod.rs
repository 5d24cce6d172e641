//! Takes what happened out of the queues and keeps it: in the store, and in a journal beside it
//! while the store cannot be written, or always where answers wait for that.

mod journal;
mod replay;
mod retention;
mod store_writer;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use gatehall_domain::EntryEvent;
use gatehall_gateway::{Recorded, Recorder, Tasks};
use gatehall_store::Store;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub(super) use self::retention::forget_events;
use self::{journal::Journal, writer::Writer};

/// Events written to the store at once.
const BATCH: usize = 4096;
/// How long events gather before they are written to the store.
const GATHER: Duration = Duration::from_millis(200);
/// The store may take so long to keep events that are nowhere else. Then they go to the journal.
const LATE: Duration = Duration::from_millis(300);
/// What a crash costs at most where answers do not wait: the two above, and time for the journal.
pub(super) const WINDOW: Duration = Duration::from_millis(1000);

/// What waits to be recorded.
pub(super) struct Events {
    pub(super) calls: mpsc::Receiver<Recorded>,
    pub(super) entries: mpsc::Receiver<EntryEvent>,
}

/// How the audit is doing.
#[derive(Debug, Default)]
pub(super) struct AuditState {
    /// Events that are in the journal and not in the store.
    waiting: AtomicU64,
    /// Files of the journal that wait to be brought back.
    files: AtomicU64,
    /// Lines of the journal that cannot be read, or that the store does not take.
    set_aside: AtomicU64,
    /// Why the journal could not be written last.
    failing: Mutex<Option<String>>,
}

impl AuditState {
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn set_aside(&self) -> u64 {
        self.set_aside.load(Ordering::Relaxed)
    }

    /// Why the journal cannot be written, if that is so.
    pub(super) fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_failing(&self, why: Option<String>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

/// Begins to keep events, and goes on until it is time to stop; then with what is still in the
/// queues.
pub(super) fn start(
    tasks: &Tasks,
    store: &Store,
    recorder: &Recorder,
    data_dir: &Path,
    events: Events,
    stop: CancellationToken,
) -> Result<Arc<AuditState>> {
    let state = Arc::<AuditState>::default();
    let (journal, found, aside) = Journal::open(data_dir, recorder.is_sure())
        .with_context(|| format!("opening the audit's journal in {}", data_dir.display()))?;
    if aside > 0 {
        state.set_aside.store(aside, Ordering::Relaxed);
        let folder = data_dir.join("audit-journal");
        tracing::error!(
            count = aside, folder = %folder.display(),
            "audit events lie there that could not be read: look at the files that end in aside or \
             unread, and remove them"
        );
    }
    let (batches, written) = mpsc::channel(8);
    // No more than the files that are found and those that the writer may leave beside them.
    let (closed, replayed) = mpsc::unbounded_channel();
    for segment in found {
        state.waiting.fetch_add(segment.waiting, Ordering::Relaxed);
        state.files.fetch_add(1, Ordering::Relaxed);
        // There is somebody at the other end.
        let _ = closed.send(segment);
    }
    tasks.spawn(store_writer::write(store.clone(), written));
    tasks.spawn_until_stop(replay::run(store.clone(), Arc::clone(&state), replayed));
    let writer = Writer::new(recorder.clone(), Arc::clone(&state), journal, batches, closed);
    // Waiting for the disk, it must not hold up anything else.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new().name("audit".into()).spawn(move || {
        runtime.block_on(writer.work(events, stop));
        let _ = ended.send(());
    })?;
    tasks.spawn(async move {
        let _: Result<(), _> = end.await;
    });
    match recorder.is_sure() {
        true => tracing::info!(
            "audit: sure. A call is answered when its event is on the disk; without audit no call."
        ),
        false => tracing::info!(
            "audit: fast. A crash may lose the events of the last {} ms.",
            WINDOW.as_millis()
        ),
    }
    Ok(state)
}
