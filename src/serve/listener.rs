use std::{sync::Arc, time::Duration};

use axum::Router;
use gatehall_gateway::Tasks;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

/// A client has so long to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// Takes connections until told to stop, then waits for those that are open to finish what they do.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    connections: usize,
    tasks: Tasks,
    accepting: CancellationToken,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(200)
        .keep_alive_interval(Duration::from_secs(30));
    let builder = Arc::new(builder);
    let places = Arc::new(Semaphore::new(connections));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = accepting.run_until_cancelled(async {
            // More connections than places wait in the system's queue.
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        });
        let (stream, place) = match accepted.await {
            None => break,
            Some((Ok((stream, _)), place)) => (stream, place),
            Some((Err(error), _)) => {
                // Too many open files, mostly: a moment later some will be closed.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Without it each event of a stream would wait for the last one's acknowledgement.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let watcher = graceful.watcher();
        let builder = Arc::clone(&builder);
        tasks.spawn_until_stop(async move {
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection).await {
                tracing::trace!(error, "a connection ended badly");
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}
