//! Says of this gate what it serves, for the overview.

use std::{sync::Arc, time::Duration};

use gatehall_domain::Clock;
use gatehall_gateway::Live;
use gatehall_identity::Doors;
use gatehall_store::{Replica, Store};
use tokio_util::sync::CancellationToken;

use super::chats::tell_refused_accounts;

/// How often it is said.
const SAY: Duration = Duration::from_secs(5);

/// Says it at once, after each change and every few seconds; takes it back at the end.
pub(super) async fn run(
    store: Store,
    live: Arc<Live>,
    clock: Clock,
    name: String,
    doors: Arc<Doors>,
    stop: CancellationToken,
) {
    let started_at = clock.now();
    let mut revisions = live.revisions();
    while !stop.is_cancelled() {
        let replica = Replica {
            name: name.clone(),
            public_url: doors.public_url().map(ToString::to_string),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: *revisions.borrow_and_update(),
            started_at,
            seen_at: clock.now(),
            chats: Some(doors.chat_said().text()),
        };
        if let Err(error) = store.put_replica(&replica).await {
            tracing::debug!(%error, "the database does not know of this replica");
        }
        tell_refused_accounts(&store, &doors).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(SAY) => {}
            // Changes that come together are told once.
            _ = revisions.changed() => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
    let _ = store.remove_replica(&name).await;
}
