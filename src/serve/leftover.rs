//! What of a request nobody reads. A refusal is sent while the client still sends, and a connection
//! that is closed over what was sent and not read is reset, which takes the refusal away again. So
//! the rest is read and thrown away, within bounds, before the connection ends.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderValue, Request, Version, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    task::JoinSet,
    time::timeout,
};

/// How much of a request is read that nobody wants. Most clients give up long before.
const MOST: u64 = 64 << 20;

/// How long that may take.
const TIME: Duration = Duration::from_secs(10);

/// A rest of this size is read so soon that the connection can go on.
const SMALL: u64 = 64 << 10;

/// The body of a request. What is left of it when it is dropped is kept for [`Rest`].
pub(super) struct Watched {
    body: Option<Incoming>,
    /// Set if the client waits to be asked for the body (`Expect: 100-continue`), which it is when
    /// somebody begins to read.
    waits: bool,
    ended: bool,
    rest: Option<Arc<Rest>>,
}

/// What is left of a request. It goes to whoever reads it away when the answer is sent, too.
#[derive(Debug)]
pub(super) struct Rest {
    left: OnceLock<Left>,
    to: UnboundedSender<Incoming>,
}

#[derive(Debug)]
struct Left {
    body: Incoming,
    waits: bool,
}

/// Watches over the body of a request.
pub(super) fn watch(
    request: Request<Incoming>,
    to: &UnboundedSender<Incoming>,
) -> (Request<Watched>, Option<Arc<Rest>>) {
    let (head, body) = request.into_parts();
    let rest =
        (!body.is_end_stream()).then(|| Arc::new(Rest { left: OnceLock::new(), to: to.clone() }));
    let waits = head.headers.contains_key(header::EXPECT);
    let watched = Watched { body: Some(body), waits, ended: false, rest: rest.clone() };
    (Request::from_parts(head, watched), rest)
}

/// Has an answer followed by the reading of what is left, and says so where the connection ends
/// with it.
pub(super) fn follow(
    mut response: Response,
    version: Version,
    rest: Option<Arc<Rest>>,
) -> Response {
    let Some(rest) = rest else { return response };
    if Arc::strong_count(&rest) == 1 && rest.left.get().is_none() {
        // It was read to its end.
        return response;
    }
    let ends = rest.left.get().is_some_and(|left| {
        // Whoever was not asked for the body may send it or not.
        left.waits || left.body.size_hint().upper().is_none_or(|size| size > SMALL)
    });
    if ends && version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| Body::new(Followed { body, _rest: rest }))
}

impl Drop for Rest {
    fn drop(&mut self) {
        // Both the handler and the answer are done with it.
        if let Some(Left { body, .. }) = self.left.take() {
            let _ = self.to.send(body);
        }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        self.ended |= matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some(rest) = self.rest.take() else { return };
        if let Some(body) = self.body.take().filter(|body| !self.ended && !body.is_end_stream()) {
            let _ = rest.left.set(Left { body, waits: self.waits });
        }
    }
}

/// The body of an answer after which the rest of the request is read.
struct Followed {
    body: Body,
    _rest: Arc<Rest>,
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Reads away what is left of the requests of one connection. Never ends.
pub(super) async fn read_away(mut leftovers: UnboundedReceiver<Incoming>) {
    let mut under_way = JoinSet::new();
    while let Some(body) = leftovers.recv().await {
        under_way.spawn(timeout(TIME, throw_away(body)));
        while under_way.try_join_next().is_some() {}
    }
    std::future::pending().await
}

async fn throw_away(mut body: Incoming) {
    let mut left = MOST;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        match left.checked_sub(size) {
            Some(less) => left = less,
            None => return,
        }
    }
}
