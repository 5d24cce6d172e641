//! Takes what happened out of the queues and keeps it: in the store, or in a file beside it while
//! the store cannot be written.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use gatehall_domain::{CallEvent, KeyId, Timestamp};
use gatehall_store::{CallRow, Store};
use tokio::{fs, io::AsyncWriteExt, sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

/// Calls written at once.
const BATCH: usize = 2000;
/// How long calls gather before they are written.
const GATHER: Duration = Duration::from_millis(200);
/// How long key uses gather.
const USES: Duration = Duration::from_secs(5);

/// Keeps calls until the queue ends, or it is time to stop; then what is still in it.
pub(super) async fn record_calls(
    store: Store,
    mut events: mpsc::Receiver<CallEvent>,
    spill: PathBuf,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let received = stop.run_until_cancelled(events.recv_many(&mut batch, BATCH)).await;
        if received == Some(0) {
            break;
        }
        if received.is_none() {
            events.close();
            while events.recv_many(&mut batch, BATCH).await > 0 {}
        } else if batch.len() < BATCH {
            stop.run_until_cancelled(sleep(GATHER)).await;
            while let Ok(event) = events.try_recv() {
                batch.push(event);
                if batch.len() >= BATCH {
                    break;
                }
            }
        }
        let rows: Vec<CallRow> = batch.drain(..).map(CallRow::from).collect();
        keep(&store, &rows, &spill).await;
        if received.is_none() {
            break;
        }
    }
}

async fn keep(store: &Store, rows: &[CallRow], spill: &Path) {
    if rows.is_empty() {
        return;
    }
    match store.record_calls(rows).await {
        Ok(()) => bring_back(store, spill).await,
        Err(error) => match append(rows, spill).await {
            Ok(()) => {
                tracing::warn!(%error, calls = rows.len(), file = %spill.display(), "the audit goes to a file for now")
            }
            Err(lost) => {
                tracing::error!(%error, %lost, calls = rows.len(), "calls are missing in the audit")
            }
        },
    }
}

async fn append(rows: &[CallRow], spill: &Path) -> std::io::Result<()> {
    let mut lines = Vec::new();
    for row in rows {
        lines.extend(serde_json::to_vec(row)?);
        lines.push(b'\n');
    }
    let mut file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(spill).await?;
    file.write_all(&lines).await?;
    file.flush().await
}

/// Brings what was spilled into the store. A row that is there already is kept once.
async fn bring_back(store: &Store, spill: &Path) {
    let Ok(text) = fs::read_to_string(spill).await else { return };
    let rows: Vec<CallRow> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if store.record_calls(&rows).await.is_ok() && fs::remove_file(spill).await.is_ok() {
        tracing::info!(calls = rows.len(), "the audit is complete again");
    }
}

/// Keeps when keys were last used.
pub(super) async fn record_key_uses(
    store: Store,
    mut uses: mpsc::Receiver<(KeyId, Timestamp)>,
    stop: CancellationToken,
) {
    loop {
        let mut gathered: HashMap<KeyId, Timestamp> = HashMap::new();
        let stopped = match stop.run_until_cancelled(uses.recv()).await {
            Some(None) => return,
            Some(Some((key, at))) => {
                gathered.insert(key, at);
                stop.run_until_cancelled(sleep(USES)).await.is_none()
            }
            None => true,
        };
        while let Ok((key, at)) = uses.try_recv() {
            gathered.insert(key, at);
        }
        if !gathered.is_empty()
            && let Err(error) = store.record_key_uses(&gathered).await
        {
            tracing::warn!(%error, "the last use of keys could not be kept");
        }
        if stopped {
            return;
        }
    }
}
