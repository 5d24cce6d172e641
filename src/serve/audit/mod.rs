//! Takes what happened out of the queues and keeps it: in the store, and in a journal beside it
//! while the store cannot be written, or always where answers wait for that.

mod events;
mod journal;
mod replay;
mod retention;
mod state;
mod store_writer;
mod writer;

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use gatehall_gateway::{Recorder, Tasks};
use gatehall_store::Store;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub(super) use self::{events::Events, retention::forget_events, state::AuditState};
use self::{journal::Journal, writer::Writer};

/// What a crash costs at most where answers do not wait: the two above, and time for the journal.
pub(super) const WINDOW: Duration = Duration::from_millis(1000);

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
