//! What all sessions of a link go by.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::{Notify, Semaphore};

use crate::{
    Tasks,
    upstream::{credentials::Credentials, egress::Egress, error::UpstreamError},
};

/// How many messages may be on their way back to a server at once.
const BACKS: usize = 32;

/// What all sessions of a link have in common.
#[derive(Debug)]
pub(in crate::upstream) struct Line {
    pub(in crate::upstream) egress: Egress,
    pub(in crate::upstream) tasks: Tasks,
    /// Where the endpoint may be: see [`Line::places`].
    pub(in crate::upstream) places: Vec<Uri>,
    pub(in crate::upstream) credentials: Arc<Credentials>,
    pub(in crate::upstream) response_bytes: usize,
    pub(in crate::upstream) open_timeout: Duration,
    /// Whether each caller has sessions of their own.
    pub(in crate::upstream) of_one_caller: bool,
    /// Asks whoever keeps the catalogue to look again.
    pub(in crate::upstream) look_again: Arc<Notify>,
    pub(in crate::upstream) state: LineState,
}

/// What changes while a link lasts.
#[derive(Debug)]
pub(in crate::upstream) struct LineState {
    next_id: AtomicU64,
    /// Places for messages on their way back.
    pub(super) backs: Arc<Semaphore>,
    /// Whether the server was found to be of the legacy era, to save asking again.
    legacy: AtomicBool,
}

impl Default for LineState {
    fn default() -> Self {
        Self {
            next_id: AtomicU64::new(1),
            backs: Arc::new(Semaphore::new(BACKS)),
            legacy: AtomicBool::new(false),
        }
    }
}

impl Line {
    /// Where the endpoint of an address may be: there, and at `/mcp` if it has no path.
    pub(in crate::upstream) fn places(url: &url::Url) -> Vec<Uri> {
        let mut places: Vec<Uri> = url.as_str().parse().into_iter().collect();
        if url.path() == "/" && url.query().is_none() {
            places.extend(url.join("mcp").ok().and_then(|url| url.as_str().parse::<Uri>().ok()));
        }
        places
    }

    pub(super) fn id(&self) -> u64 {
        self.state.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn is_legacy(&self) -> bool {
        self.state.legacy.load(Ordering::Relaxed)
    }

    pub(super) fn set_legacy(&self, legacy: bool) {
        self.state.legacy.store(legacy, Ordering::Relaxed);
    }

    pub(super) fn request(
        &self,
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers;
        request
    }

    pub(super) async fn post(
        &self,
        uri: &Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, UpstreamError> {
        self.egress.send(self.request(Method::POST, uri, headers, body)).await
    }
}
