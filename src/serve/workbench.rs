//! Threads apart from the lanes, for what may take long: pages, changes, and what comes of them. No
//! call waits for it, but for the processors, of which it gets less.

use std::panic::resume_unwind;

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use http::StatusCode;
use http_body::Body as _;
use http_body_util::{BodyExt, StreamBody};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::mpsc,
};
use tokio_util::task::AbortOnDropHandle;

use super::listener::lane_count;

/// How much less of a busy processor these threads get than the lanes: about a quarter of it.
const NICER: i32 = 5;

/// Pieces of an answer that are made before the client has taken the earlier ones.
const AHEAD: usize = 4;

/// The threads. Those that still do something when this is dropped are not waited for.
pub(super) struct Workbench {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Workbench {
    pub(super) fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads((lane_count() / 2).max(2))
            .thread_name("workbench")
            .on_thread_start(|| {
                // Where the system does not allow it they are as good as the others.
                let _ = rustix::process::nice(NICER);
            })
            .enable_all()
            .build()
            .context("starting the threads for pages and changes")?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Some(runtime), handle })
    }

    pub(super) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Has all that `router` answers made here, to the last piece of its bodies.
    pub(super) fn take_over(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.handle.clone(), made_here))
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        // Waiting for threads is not allowed on one that runs tasks.
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

/// Has a request answered at the workbench. If its connection ends, so does the work.
async fn made_here(State(workbench): State<Handle>, request: Request, next: Next) -> Response {
    match AbortOnDropHandle::new(workbench.spawn(next.run(request))).await {
        Ok(answer) => answer.map(|body| sent_from_here(&workbench, body)),
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The gate stops.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

/// A body whose pieces are made at the workbench, unless it is made already.
fn sent_from_here(workbench: &Handle, mut body: Body) -> Body {
    if body.size_hint().exact().is_some() {
        return body;
    }
    let (pieces, mut made) = mpsc::channel(AHEAD);
    workbench.spawn(async move {
        let all = async {
            while let Some(piece) = body.frame().await {
                if pieces.send(piece).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = all => {}
            // Nobody takes them any more.
            () = pieces.closed() => {}
        }
    });
    Body::new(StreamBody::new(stream::poll_fn(move |context| made.poll_recv(context))))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test has tasks of its own")]

    use std::{
        convert::Infallible,
        future::pending,
        sync::{Arc, Mutex},
        thread,
    };

    use axum::routing::get;
    use bytes::Bytes;
    use futures_util::StreamExt;
    use http_body::Frame;
    use tower::ServiceExt;

    use super::*;

    async fn ask(router: Router, path: &'static str) -> Response {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap()
    }

    async fn text(answer: Response) -> String {
        String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
    }

    fn thread_name() -> String {
        thread::current().name().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn a_page_that_blocks_its_thread_holds_up_no_call_of_its_lane() {
        let workbench = Workbench::start().unwrap();
        let lane = thread::current().id();
        let (let_on, wait) = std::sync::mpsc::sync_channel::<()>(0);
        let wait = Arc::new(Mutex::new(wait));
        let (begun, mut has_begun) = mpsc::channel(1);
        let page = async move || {
            begun.try_send(()).unwrap();
            // There nobody could let it on.
            if thread::current().id() != lane {
                wait.lock().unwrap().recv().unwrap();
            }
            "the page"
        };
        let pages = workbench.take_over(Router::new().route("/page", get(page)));
        let router = pages.route("/call", get(async || "the call"));
        let asked = tokio::spawn(ask(router.clone(), "/page"));
        has_begun.recv().await.unwrap();
        assert_eq!(text(ask(router, "/call").await).await, "the call");
        assert!(!asked.is_finished());
        let_on.send(()).unwrap();
        assert_eq!(text(asked.await.unwrap()).await, "the page");
    }

    #[tokio::test]
    async fn an_answer_is_made_at_the_workbench_to_its_last_piece() {
        let workbench = Workbench::start().unwrap();
        let pieces = async || {
            let pieces = stream::iter(0..3).map(|_| {
                Ok::<_, Infallible>(Frame::data(Bytes::from(format!("{};", thread_name()))))
            });
            Body::new(StreamBody::new(pieces))
        };
        let router = workbench.take_over(Router::new().route("/", get(pieces)));
        assert_eq!(text(ask(router, "/").await).await, "workbench;".repeat(3));
    }

    #[tokio::test]
    async fn work_ends_with_the_connection_that_it_is_for() {
        let workbench = Workbench::start().unwrap();
        let (begun, mut told) = mpsc::channel(2);
        let router = Router::new().route(
            "/page",
            get({
                let begun = begun.clone();
                async move || {
                    let _until_dropped = begun.clone();
                    begun.try_send(()).unwrap();
                    pending::<()>().await
                }
            }),
        );
        let router = router.route(
            "/stream",
            get(async move || {
                let pieces = stream::poll_fn(move |_| {
                    let _ = begun.try_send(());
                    std::task::Poll::<Option<Result<Frame<Bytes>, Infallible>>>::Pending
                });
                Body::new(StreamBody::new(pieces))
            }),
        );
        let router = workbench.take_over(router);
        let asked = tokio::spawn(ask(router.clone(), "/page"));
        told.recv().await.unwrap();
        asked.abort();
        let answer = ask(router, "/stream").await;
        told.recv().await.unwrap();
        drop(answer);
        // Until all that could still say something is gone.
        while told.recv().await.is_some() {}
    }
}
