use std::{sync::Arc, time::Duration};

use gatehall_domain::{Clock, Timestamp};
use gatehall_identity::SessionIndex;
use gatehall_store::{Store, StoreError};
use tokio::time::{Instant, sleep};

/// A transaction may commit late: news are read this far back each time, in seconds.
const NEAR: i64 = 2;

/// Clocks of replicas differ, too, and many people may have come by then: this far back, in seconds,
/// news are read once in [`LOOK_BACK`].
const OVERLAP: i64 = 120;

/// How often it is looked far back.
const LOOK_BACK: Duration = Duration::from_secs(1);

/// News that come within this time of each other are read at once.
const GATHER: Duration = Duration::from_millis(50);

/// So many ends are written at once.
const AT_ONCE: usize = 500;

/// How often ends are written that could not be written before.
const PAY: Duration = Duration::from_secs(1);

/// How often uses are told to the others.
const TELL: Duration = Duration::from_secs(30);

/// Keeps what is known of sessions the same on every replica. Never ends.
pub(in crate::serve) async fn keep_sessions(store: Store, index: Arc<SessionIndex>, clock: Clock) {
    let mut feed = store.session_feed();
    let mut heard = Timestamp::from_micros(0);
    let (mut looked_back, mut told, mut paid) = (None, Instant::now(), Instant::now());
    loop {
        let now = clock.now();
        let far = looked_back.is_none_or(|at: Instant| at.elapsed() >= LOOK_BACK);
        let since = heard.plus_seconds(if far { -OVERLAP } else { -NEAR });
        let woken = match learn(&store, &index, since, now).await {
            Ok(()) => {
                heard = now;
                if far {
                    looked_back = Some(Instant::now());
                }
                feed.woken().await
            }
            Err(error) => Err(error),
        };
        match woken {
            Ok(()) => sleep(GATHER).await,
            Err(error) => {
                tracing::debug!(%error, "sessions cannot be read");
                sleep(Duration::from_secs(1)).await;
            }
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
    for owed in index.owed().chunks(AT_ONCE) {
        match store.end_sessions_late(owed, now).await {
            Ok(_) => owed.iter().for_each(|(which, at)| index.paid(which, *at)),
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
