use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use gatehall_domain::ConnectionId;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::Offer;
use crate::upstream::{Facts, Listing, Upstream, UpstreamError};

/// An upstream is not asked more often than this, whatever happens and however often it says that
/// its tools have changed.
const LEAST: Duration = Duration::from_secs(1);
/// The same for one whose list has no end: looking again makes it no shorter, and costs much.
const LEAST_CUT: Duration = Duration::from_secs(30);
/// The first pause after a failure is twice this.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// Where it is noted what upstreams offer.
pub(crate) trait Board: Send + Sync {
    /// Turns, so that not all are asked at once.
    fn turns(&self) -> Arc<Semaphore>;

    /// How often an upstream is asked.
    fn refresh(&self) -> Duration;

    /// What is known of a connection.
    fn offer(&self, connection: ConnectionId) -> Option<Arc<Offer>>;

    /// Notes what came of a look at an upstream, and how long it took.
    fn looked(
        &self,
        upstream: &Arc<Upstream>,
        found: Result<(Arc<Offer>, Facts), UpstreamError>,
        took: Duration,
    );
}

/// Keeps one upstream's part of the catalogue true: asks at once, then regularly, and with growing
/// pauses while it is in trouble. What an upstream offered last stays listed while it is away.
pub(crate) async fn keep(
    board: Weak<dyn Board>,
    upstream: Arc<Upstream>,
    prefix: String,
    stop: CancellationToken,
) {
    let mut failures = 0_u32;
    // How often in a row it said that its tools have changed, and they had not.
    let (mut told, mut in_vain) = (false, 0_u32);
    while let Some(turns) = board.upgrade().map(|board| board.turns()) {
        let looked = async {
            let turn = turns.acquire().await;
            let began = Instant::now();
            let listed = upstream.list().await;
            let took = began.elapsed();
            drop(turn);
            let known = board.upgrade().and_then(|board| board.offer(upstream.connection));
            (look(listed, known.clone(), &upstream, &prefix).await, known, took)
        };
        let (looked, known, took) = match undisturbed(looked, &upstream, &stop).await {
            Undisturbed::Done(looked) => looked,
            // What comes of it was asked with credentials that do not count any more.
            Undisturbed::Renewed => {
                (failures, told) = (0, false);
                continue;
            }
            Undisturbed::Stop => break,
        };
        let Some(noted) = board.upgrade() else { break };
        let refresh = noted.refresh();
        let (pause, least) = match looked {
            Ok(Looked { offer, facts, stays }) => {
                if failures > 0 {
                    tracing::info!(connection = %upstream.name, "the server is back");
                }
                failures = 0;
                let pause = stays.unwrap_or(refresh).max(Duration::from_secs(5)).min(refresh);
                let (pause, least) = match offer.cut {
                    None => (pause, LEAST.max(took)),
                    Some(_) => (refresh.max(LEAST_CUT), LEAST_CUT),
                };
                let is_known = known.as_ref().is_some_and(|known| Arc::ptr_eq(known, &offer));
                in_vain = if told && is_known { in_vain + 1 } else { 0 };
                let least = (least * 2_u32.saturating_pow(in_vain.min(6))).min(refresh);
                noted.looked(&upstream, Ok((offer, facts)), took);
                upstream.listen();
                (pause, least)
            }
            Err(error) => {
                failures += 1;
                if failures == 1 {
                    tracing::warn!(connection = %upstream.name, %error, remedy = error.remedy(), "the server cannot be used");
                }
                let backoff =
                    (SHORTEST * 2_u32.saturating_pow(failures.min(8))).min(LONGEST_BACKOFF);
                // What speaks another protocol will still do so in a moment.
                let hopeless = matches!(error, UpstreamError::Unsupported(_));
                noted.looked(&upstream, Err(error), took);
                (if hopeless { refresh } else { backoff }, LEAST)
            }
        };
        drop(noted);
        upstream.sweep();
        let waited = async {
            sleep(least.min(pause)).await;
            tokio::select! {
                () = sleep(pause.saturating_sub(least)) => false,
                () = upstream.look_again.notified(), if failures == 0 => true,
            }
        };
        match undisturbed(waited, &upstream, &stop).await {
            Undisturbed::Done(again) => told = again,
            Undisturbed::Renewed => (failures, told) = (0, false),
            Undisturbed::Stop => break,
        }
    }
    upstream.close();
}

/// What comes of some work, unless it is in vain.
enum Undisturbed<T> {
    Done(T),
    /// The credentials are others now.
    Renewed,
    Stop,
}

async fn undisturbed<T>(
    work: impl Future<Output = T>,
    upstream: &Upstream,
    stop: &CancellationToken,
) -> Undisturbed<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Undisturbed::Stop,
        () = upstream.renewed.notified() => Undisturbed::Renewed,
        done = work => Undisturbed::Done(done),
    }
}

/// What was seen of an upstream.
struct Looked {
    offer: Arc<Offer>,
    facts: Facts,
    /// How long it says that this stays true.
    stays: Option<Duration>,
}

/// Reads a listing, unless it says what is known already.
async fn look(
    listed: Result<Listing, UpstreamError>,
    known: Option<Arc<Offer>>,
    upstream: &Arc<Upstream>,
    prefix: &str,
) -> Result<Looked, UpstreamError> {
    let listing = listed?;
    let (facts, stays) = (listing.facts.clone(), listing.stays);
    let offer = match known {
        Some(known) if known.is_made_of(upstream, &listing) => known,
        _ => Offer::read(upstream, prefix, listing).await?,
    };
    Ok(Looked { offer, facts, stays })
}
