use std::sync::Arc;

use gatehall_store::{EventRow, Store};
use tokio::sync::{mpsc, oneshot};

/// Events for the store, and whom to tell whether it has them.
pub(super) struct Batch {
    pub(super) rows: Arc<Vec<EventRow>>,
    pub(super) kept: oneshot::Sender<bool>,
}

/// Writes events to the store until no more come.
pub(super) async fn write(store: Store, mut batches: mpsc::Receiver<Batch>) {
    while let Some(batch) = batches.recv().await {
        // Nobody waits for what lies in the journal by now; it comes from there.
        if batch.kept.is_closed() {
            continue;
        }
        let kept = store.record_events(&batch.rows).await;
        if let Err(error) = &kept {
            tracing::debug!(%error, events = batch.rows.len(), "the store does not take events");
        }
        let _ = batch.kept.send(kept.is_ok());
    }
}
