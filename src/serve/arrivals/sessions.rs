use std::{sync::Arc, time::Duration};

use gatehall_domain::{Clock, Timestamp};
use gatehall_identity::SessionIndex;
use gatehall_store::{Store, StoreError};
use tokio::time::{Instant, sleep};

/// Clocks of replicas differ, and a transaction may commit late: news are read this far back, in
/// seconds, again and again.
const OVERLAP: i64 = 120;

/// How often ends are written that could not be written before.
const PAY: Duration = Duration::from_secs(1);

/// How often uses are told to the others.
const TELL: Duration = Duration::from_secs(30);

/// Keeps what is known of sessions the same on every replica. Never ends.
pub(in crate::serve) async fn keep_sessions(store: Store, index: Arc<SessionIndex>, clock: Clock) {
    let mut feed = store.session_feed();
    let mut heard = Timestamp::from_micros(0);
    let mut told = Instant::now();
    let mut paid = Instant::now();
    loop {
        let now = clock.now();
        let learnt = learn(&store, &index, heard, now).await;
        if learnt.is_ok() {
            heard = now.plus_seconds(-OVERLAP);
        }
        let woken = match learnt {
            Ok(()) => feed.woken().await,
            Err(error) => Err(error),
        };
        if let Err(error) = woken {
            tracing::debug!(%error, "sessions cannot be read");
            sleep(Duration::from_secs(1)).await;
        }
        if paid.elapsed() >= PAY {
            pay(&store, &index, clock.now()).await;
            paid = Instant::now();
        }
        if told.elapsed() >= TELL {
            told = Instant::now();
            if let Err(error) = share_uses(&store, &index, clock.now()).await {
                tracing::warn!(%error, "the last use of sessions could not be kept");
            }
        }
    }
}

/// Writes the ends that could not be written when they were asked for.
async fn pay(store: &Store, index: &SessionIndex, now: Timestamp) {
    for (which, at) in index.owed() {
        match store.end_sessions_late(&which, at, now).await {
            Ok(_) => index.paid(&which, at),
            Err(error) => {
                tracing::warn!(%error, "the end of sessions is not written yet: it holds here alone");
                return;
            }
        }
    }
}

/// Tells the others which sessions were used here, and hears which were used there.
async fn share_uses(store: &Store, index: &SessionIndex, now: Timestamp) -> Result<(), StoreError> {
    let uses = index.untold();
    if !uses.is_empty()
        && let Err(error) = store.record_session_uses(&uses, now).await
    {
        index.not_told(&uses);
        return Err(error);
    }
    index.seen(store.session_uses(now.plus_seconds(-OVERLAP)).await?);
    Ok(())
}

async fn learn(
    store: &Store,
    index: &SessionIndex,
    since: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    index.learn(store.sessions_since(since, now).await?);
    Ok(())
}
