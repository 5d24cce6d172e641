//! Takes connections and gives each to a lane: a thread with a runtime of its own. A request stays
//! on its lane from its first byte to its last, also on its way to an upstream, so that threads do
//! not have to wake each other for it.

use std::{
    cmp::Reverse,
    convert::Infallible,
    net::IpAddr,
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use axum::Router;
use futures_util::future::select_ok;
use gatehall_gateway::{Gateway, enter_lane};
use gatehall_identity::Peer;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinSet,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::leftover;

/// A client has so long to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// A client that takes nothing of an answer for so long is cut.
const WRITE_TIME: Duration = Duration::from_secs(60);

/// A connection on its way to its lane, and its place among those that may be open.
type Arrival = (std::net::TcpStream, IpAddr, OwnedSemaphorePermit);

/// As many lanes as there are processors.
pub(super) fn lane_count() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// The threads that serve connections.
pub(super) struct Lanes {
    lanes: Vec<(mpsc::Sender<Arrival>, oneshot::Receiver<()>)>,
    /// Whose turn it is, among those that are equally free.
    turn: usize,
}

impl Lanes {
    /// Starts lanes that serve `router`, which is made of `gateway`. `cut` ends what they do, at
    /// once.
    pub(super) fn start(
        count: usize,
        router: &Router,
        gateway: &Arc<Gateway>,
        cut: &CancellationToken,
    ) -> Result<Self> {
        let start = |number: usize| {
            let (sender, arrivals) = mpsc::channel(64);
            let (ended, end) = oneshot::channel();
            let (router, cut) = (router.clone(), cut.clone());
            let gateway = Arc::clone(gateway);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            thread::Builder::new().name(format!("lane {number}")).spawn(move || {
                enter_lane(number);
                runtime.block_on(cut.run_until_cancelled(async {
                    lane(arrivals, router).await;
                    // Their connections to servers are this thread's.
                    gateway.unattended_calls().await;
                }));
                // What is cut here still has its say, above all in the audit.
                drop(runtime);
                let _ = ended.send(());
            })?;
            Ok((sender, end))
        };
        let lanes = (1..=count).map(start).collect::<std::io::Result<_>>();
        Ok(Self { lanes: lanes.context("starting the threads that serve")?, turn: 0 })
    }

    /// Gives a connection to the lane with the fewest that it has not begun with, so that one which
    /// stalls keeps nobody from the others. Waits until one has room; false if none is left.
    async fn give(&mut self, arrival: Arrival) -> bool {
        let count = self.lanes.len();
        self.turn = (self.turn + 1) % count;
        let in_turn = self.lanes.iter().cycle().skip(self.turn).take(count);
        let mut lanes: Vec<_> =
            in_turn.map(|(lane, _)| lane).filter(|lane| !lane.is_closed()).collect();
        lanes.sort_by_key(|lane| Reverse(lane.capacity()));
        if lanes.is_empty() {
            return false;
        }
        let places = lanes.into_iter().map(|lane| Box::pin(lane.reserve()));
        match select_ok(places).await {
            Ok((place, _)) => {
                place.send(arrival);
                true
            }
            Err(_) => false,
        }
    }
}

/// Takes connections until told to stop, then waits for those that are open to finish what they do.
pub(super) async fn serve(
    listener: TcpListener,
    mut lanes: Lanes,
    connections: usize,
    accepting: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(connections));
    loop {
        let accepted = accepting.run_until_cancelled(async {
            // More connections than places wait in the system's queue.
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        });
        let (stream, peer, place) = match accepted.await {
            None | Some((_, Err(_))) => break,
            Some((Ok((stream, peer)), Ok(place))) => (stream, peer.ip(), place),
            Some((Err(error), _)) => {
                // Too many open files, mostly: a moment later some will be closed.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Without it each event of a stream would wait for the last one's acknowledgement.
        let _ = stream.set_nodelay(true);
        let Ok(stream) = stream.into_std() else { continue };
        if !lanes.give((stream, peer, place)).await {
            break;
        }
    }
    drop(listener);
    for (arrivals, end) in lanes.lanes {
        drop(arrivals);
        let _ = end.await;
    }
}

/// Serves the connections of one lane until no more come, then drains them.
async fn lane(mut arrivals: mpsc::Receiver<Arrival>, router: Router) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(200)
        .keep_alive_interval(Duration::from_secs(30));
    let builder = Arc::new(builder);
    let graceful = GracefulShutdown::new();
    let mut open = JoinSet::new();
    while let Some((stream, peer, place)) = arrivals.recv().await {
        let Ok(stream) = TcpStream::from_std(stream) else { continue };
        let asked = Arc::new(AtomicBool::new(false));
        let (leftovers, unread) = mpsc::unbounded_channel();
        let service = service_fn({
            let (asked, router) = (Arc::clone(&asked), router.clone());
            move |request: hyper::Request<Incoming>| {
                asked.store(true, Ordering::Relaxed);
                let version = request.version();
                let (mut request, rest) = leftover::watch(request, &leftovers);
                request.extensions_mut().insert(Peer(peer));
                let answered = router.clone().oneshot(request);
                async move { Ok::<_, Infallible>(leftover::follow(answered.await?, version, rest)) }
            }
        });
        let (watcher, builder) = (graceful.watcher(), Arc::clone(&builder));
        open.spawn(async move {
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(WRITE_TIME));
            let connection = builder.serve_connection(TokioIo::new(Box::pin(stream)), service);
            tokio::select! {
                ended = watcher.watch(connection) => if let Err(error) = ended {
                    tracing::trace!(error, "a connection ended badly");
                },
                () = leftover::read_away(unread) => {}
                () = silence(&asked) => tracing::trace!("a connection never asked for anything"),
            }
            drop(place);
        });
        while open.try_join_next().is_some() {}
    }
    graceful.shutdown().await;
}

/// Ends if no request has come in the time for one. Later ones are watched by the protocol itself,
/// which begins only when the client has said which one it speaks.
async fn silence(asked: &AtomicBool) {
    tokio::time::sleep(HEAD_TIME).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Lanes with so many places, of which nobody takes anything but by the other ends.
    fn lanes(count: usize, places: usize) -> (Lanes, Vec<mpsc::Receiver<Arrival>>) {
        let open = |_| {
            let (sender, arrivals) = mpsc::channel(places);
            ((sender, oneshot::channel().1), arrivals)
        };
        let (lanes, arrivals) = (0..count).map(open).unzip();
        (Lanes { lanes, turn: 0 }, arrivals)
    }

    fn arrival() -> Arrival {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        (std::net::TcpStream::connect(address).unwrap(), address.ip(), place)
    }

    #[test]
    fn lanes_take_turns() {
        let (mut lanes, arrivals) = lanes(3, 64);
        for _ in 0..9 {
            assert_eq!(lanes.give(arrival()).now_or_never(), Some(true));
        }
        assert!(arrivals.iter().all(|lane| lane.len() == 3));
    }

    #[test]
    fn a_lane_that_stalls_keeps_nobody_from_the_others() {
        let (mut lanes, mut arrivals) = lanes(3, 4);
        for _ in 0..30 {
            assert_eq!(lanes.give(arrival()).now_or_never(), Some(true));
            for lane in &mut arrivals[1..] {
                while lane.try_recv().is_ok() {}
            }
        }
        assert_eq!(arrivals[0].len(), 1, "what it got before anybody could know");
    }

    #[tokio::test]
    async fn whoever_finds_no_room_gets_the_first_there_is() {
        let (mut lanes, mut arrivals) = lanes(3, 1);
        for _ in 0..3 {
            assert!(lanes.give(arrival()).await);
        }
        for first in [2, 0, 1] {
            let mut waiting = Box::pin(lanes.give(arrival()));
            assert_eq!((&mut waiting).now_or_never(), None);
            drop(arrivals[first].recv().await.unwrap());
            assert!(waiting.await);
            assert_eq!(arrivals[first].len(), 1);
        }
    }

    #[tokio::test]
    async fn a_lane_that_has_ended_gets_nobody() {
        let (mut lanes, mut arrivals) = lanes(2, 4);
        arrivals.remove(0);
        for _ in 0..4 {
            assert!(lanes.give(arrival()).await);
        }
        assert_eq!(arrivals[0].len(), 4);
        arrivals.clear();
        assert!(!lanes.give(arrival()).await);
    }
}
