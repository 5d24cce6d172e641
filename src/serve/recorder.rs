//! Keeps when keys were last used, and forgets events that are old.

use std::{collections::HashMap, time::Duration};

use gatehall_domain::{Clock, KeyId, Timestamp};
use gatehall_store::Store;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

/// How long key uses gather.
const USES: Duration = Duration::from_secs(5);

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
