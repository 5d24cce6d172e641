//! Says of this gate what it serves, for the overview.

use std::{sync::Arc, time::Duration};

use gatehall_domain::Clock;
use gatehall_gateway::Live;
use gatehall_store::{Replica, Store};
use tokio_util::sync::CancellationToken;

use super::chats::Telling;

/// How often it is said.
const SAY: Duration = Duration::from_secs(5);

/// Says it at once, after each change and every few seconds; takes it back at the end.
pub(super) async fn run(
    store: Store,
    live: Arc<Live>,
    clock: Clock,
    name: String,
    public_url: Option<String>,
    mut chats: Telling,
    stop: CancellationToken,
) {
    let started_at = clock.now();
    let mut revisions = live.revisions();
    while !stop.is_cancelled() {
        let replica = Replica {
            name: name.clone(),
            public_url: public_url.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: *revisions.borrow_and_update(),
            started_at,
            seen_at: clock.now(),
        };
        if let Err(error) = store.put_replica(&replica).await {
            tracing::debug!(%error, "the database does not know of this replica");
        }
        chats.tell().await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(SAY) => {}
            // Changes that come together are told once.
            _ = revisions.changed() => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
    let _ = store.remove_replica(&name).await;
    chats.end().await;
}
