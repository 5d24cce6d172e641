//! Takes what happened out of the queues and keeps it: in the store, or in a file beside it while
//! the store cannot be written.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use gatehall_domain::{CallEvent, Clock, EntryEvent, KeyId, Timestamp};
use gatehall_store::{EventRow, Store};
use tokio::{fs, io::AsyncWriteExt, sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

/// Events written at once.
const BATCH: usize = 2000;
/// How long events gather before they are written.
const GATHER: Duration = Duration::from_millis(200);
/// How long key uses gather.
const USES: Duration = Duration::from_secs(5);

/// Keeps events until it is time to stop; then what is still in the queues.
pub(super) async fn record_events(
    store: Store,
    mut calls: mpsc::Receiver<CallEvent>,
    mut entries: mpsc::Receiver<EntryEvent>,
    spill: PathBuf,
    stop: CancellationToken,
) {
    let (mut called, mut entered) = (Vec::with_capacity(BATCH), Vec::new());
    let mut stopping = false;
    while !stopping {
        tokio::select! {
            biased;
            () = stop.cancelled() => stopping = true,
            _ = calls.recv_many(&mut called, BATCH) => {}
            _ = entries.recv_many(&mut entered, BATCH) => {}
        }
        if !stopping && called.len() < BATCH {
            stop.run_until_cancelled(sleep(GATHER)).await;
        }
        while let Ok(event) = calls.try_recv() {
            called.push(event);
            if called.len() >= BATCH && !stopping {
                break;
            }
        }
        while let Ok(event) = entries.try_recv() {
            entered.push(event);
        }
        let called = called.drain(..).map(EventRow::from);
        let rows: Vec<EventRow> = called.chain(entered.drain(..).map(EventRow::from)).collect();
        keep(&store, &rows, &spill).await;
    }
}

async fn keep(store: &Store, rows: &[EventRow], spill: &Path) {
    if rows.is_empty() {
        return;
    }
    match store.record_events(rows).await {
        Ok(()) => bring_back(store, spill).await,
        Err(error) => match append(rows, spill).await {
            Ok(()) => {
                tracing::warn!(%error, events = rows.len(), file = %spill.display(), "the audit goes to a file for now")
            }
            Err(lost) => {
                tracing::error!(%error, %lost, events = rows.len(), "events are missing in the audit")
            }
        },
    }
}

async fn append(rows: &[EventRow], spill: &Path) -> std::io::Result<()> {
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
    let rows: Vec<EventRow> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if store.record_events(&rows).await.is_ok() && fs::remove_file(spill).await.is_ok() {
        tracing::info!(events = rows.len(), "the audit is complete again");
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

/// How often old events are looked for.
const LOOK: Duration = Duration::from_secs(3600);

/// Forgets events that are older than so many days. Never ends.
pub(super) async fn forget_events(store: Store, clock: Clock, days: u32) {
    loop {
        let before = clock.now().plus_seconds(-i64::from(days) * 24 * 3600);
        match store.forget_events(before).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, days, "old events left the audit"),
            Err(error) => tracing::warn!(%error, "old events could not be removed"),
        }
        sleep(LOOK).await;
    }
}
