use std::time::Duration;

use gatehall_domain::Clock;
use gatehall_store::Store;
use tokio::time::sleep;

/// How often old events are looked for.
const LOOK: Duration = Duration::from_secs(3600);

/// Forgets events that are older than so many days. Never ends.
pub(in crate::serve) async fn forget_events(store: Store, clock: Clock, days: u32) {
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
