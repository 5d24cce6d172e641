//! MCP over Streamable HTTP, of both eras.

mod exchange;
mod handshake;
mod listen;
mod probe;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::Semaphore;

use super::{
    Answer, Egress, Facts, UpstreamError,
    raw::Begun,
    request::{self, ToolCall},
    session::{Sessions, Slot},
};
use crate::{Tasks, era::Era};

pub(super) use exchange::HttpExchange;
pub(crate) use listen::Listening;

/// A connection to an MCP server over HTTP.
#[derive(Debug)]
pub(crate) struct HttpLink {
    line: Arc<Line>,
    sessions: Sessions<Open>,
}

/// What all sessions of a link have in common.
#[derive(Debug)]
struct Line {
    egress: Egress,
    tasks: Tasks,
    /// Where the endpoint may be: the address as written, and `/mcp` if it has no path.
    places: Vec<Uri>,
    /// The credentials.
    headers: HeaderMap,
    response_bytes: usize,
    open_timeout: Duration,
    next_id: AtomicU64,
    /// Places for messages on their way back.
    backs: Arc<Semaphore>,
    /// Whether the server was found to be of the legacy era, to save asking again.
    legacy: AtomicBool,
}

/// An endpoint with which a handshake was made. Dropped, its session ends at the server.
#[derive(Debug)]
struct Open {
    line: Arc<Line>,
    uri: Uri,
    era: Era,
    /// The headers of every request.
    headers: HeaderMap,
    facts: Facts,
    /// Whether the server does not know the session any more.
    lost: AtomicBool,
}

/// How long the end of a session may take.
const END_TIME: Duration = Duration::from_secs(2);
/// How many messages may be on their way back to a server at once.
const BACKS: usize = 32;

impl HttpLink {
    pub(crate) fn new(
        egress: Egress,
        tasks: Tasks,
        url: &url::Url,
        headers: HeaderMap,
        stateful: bool,
        response_bytes: usize,
        open_timeout: Duration,
    ) -> Self {
        let mut places: Vec<Uri> = url.as_str().parse().into_iter().collect();
        if url.path() == "/" && url.query().is_none() {
            places.extend(url.join("mcp").ok().and_then(|url| url.as_str().parse::<Uri>().ok()));
        }
        let line = Line {
            egress,
            tasks,
            places,
            headers,
            response_bytes,
            open_timeout,
            next_id: AtomicU64::new(1),
            backs: Arc::new(Semaphore::new(BACKS)),
            legacy: AtomicBool::new(false),
        };
        Self { line: Arc::new(line), sessions: Sessions::new(stateful) }
    }

    /// Asks something of the gateway's own, in the shared session.
    pub(crate) async fn ask(
        &self,
        method: &'static str,
        params: &[(&str, String)],
    ) -> Result<(Answer, Facts), UpstreamError> {
        let slot = self.sessions.shared();
        let deadline = tokio::time::Instant::now() + self.line.open_timeout;
        let asked = async {
            let open = self.line.open(slot, true).await?;
            let id = self.line.id();
            let message = request::own_request(id, method, open.era, params);
            let extra = self.line.method_headers(&open, method, None, &[]);
            match self.line.exchange(&open, id, message, extra).await {
                Ok(exchange) => Ok((exchange.answer().await?, open.facts.clone())),
                Err(UpstreamError::SessionLost) => {
                    slot.lose(&open);
                    Err(UpstreamError::SessionLost)
                }
                Err(error) => Err(error),
            }
        };
        let seconds = self.line.open_timeout.as_secs();
        tokio::time::timeout_at(deadline, asked)
            .await
            .map_err(|_| UpstreamError::TimedOut(seconds))?
    }

    /// Opens the shared session, and says with whom.
    pub(crate) async fn greet(&self) -> Result<Facts, UpstreamError> {
        Ok(self.line.open(self.sessions.shared(), true).await?.facts.clone())
    }

    /// Begins a call. If the server has lost the session it has not run, and is begun anew once.
    pub(super) async fn call(&self, call: &ToolCall) -> Result<Begun<HttpExchange>, UpstreamError> {
        let slot = self.sessions.of(call.permit.user());
        let mut tries = 0;
        loop {
            let open = self.line.open(&slot, false).await?;
            let id = self.line.id();
            let message = call.message(id, open.era);
            let name = Some(call.permit.tool().as_ref());
            let mut extra = self.line.method_headers(&open, "tools/call", name, &call.headers);
            if let Some(trace) = &call.passed.trace {
                trace.put(&mut extra);
            }
            match self.line.exchange(&open, id, message, extra).await {
                Ok(wire) => return Ok(Begun { wire, era: open.era, id }),
                Err(UpstreamError::SessionLost) if tries == 0 => {
                    tries += 1;
                    slot.lose(&open);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends the sessions of callers who have been away for long.
    pub(crate) fn sweep(&self) {
        self.sessions.sweep();
    }

    /// Forgets all sessions, so that the next request makes a new handshake.
    pub(crate) fn reset(&self) {
        self.sessions.take().for_each(drop);
        self.line.legacy.store(false, Ordering::Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.lost.load(Ordering::Relaxed) || !self.has_session() {
            return;
        }
        let request =
            self.line.request(Method::DELETE, &self.uri, self.headers.clone(), Bytes::new());
        let egress = self.line.egress.clone();
        self.line.tasks.spawn(async move {
            let deleted = tokio::time::timeout(END_TIME, egress.send(request)).await;
            tracing::trace!(ok = matches!(deleted, Ok(Ok(_))), "ended a session upstream");
        });
    }
}

pub(super) static SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
static VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
static METHOD: HeaderName = HeaderName::from_static("mcp-method");
static NAME: HeaderName = HeaderName::from_static("mcp-name");

impl Line {
    /// The session of a slot, opened if it is not. `probing`, it is also found out what else the
    /// server may speak.
    async fn open(
        self: &Arc<Self>,
        slot: &Slot<Open>,
        probing: bool,
    ) -> Result<Arc<Open>, UpstreamError> {
        slot.get(
            |_| true,
            async || {
                let opened = Box::pin(self.handshake(probing));
                let seconds = self.open_timeout.as_secs();
                tokio::time::timeout(self.open_timeout, opened)
                    .await
                    .map_err(|_| UpstreamError::TimedOut(seconds))?
            },
        )
        .await
    }

    fn id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// The headers of one request: those of the session, and for the modern era those that repeat
    /// what the body says.
    fn method_headers(
        &self,
        open: &Open,
        method: &'static str,
        name: Option<&str>,
        params: &[(HeaderName, HeaderValue)],
    ) -> HeaderMap {
        let mut headers = open.headers.clone();
        if open.era == Era::Modern {
            headers.insert(&METHOD, HeaderValue::from_static(method));
            if let Some(name) = name {
                headers.insert(&NAME, crate::header_text::encode(name));
            }
            for (name, value) in params {
                headers.insert(name, value.clone());
            }
        }
        headers
    }

    fn request(
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

    /// The headers every request to this server has.
    fn base_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("gatehall/", env!("CARGO_PKG_VERSION"))),
        );
        headers
    }

    async fn post(
        &self,
        uri: &Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, UpstreamError> {
        self.egress.send(self.request(Method::POST, uri, headers, body)).await
    }

    /// Sends a request and looks at the head of the answer.
    async fn exchange(
        self: &Arc<Self>,
        open: &Arc<Open>,
        id: u64,
        message: Bytes,
        headers: HeaderMap,
    ) -> Result<HttpExchange, UpstreamError> {
        // From here on the server may be at work.
        let mut back = exchange::Back::new(Arc::clone(open), id);
        let exchange = match self.post(&open.uri, headers, message).await {
            // Servers answer 404 to a session they do not know.
            Ok(response) if open.has_session() && response.status() == StatusCode::NOT_FOUND => {
                Err(UpstreamError::SessionLost)
            }
            Ok(response) => HttpExchange::new(response, id, self.response_bytes).await,
            Err(error) => Err(error),
        };
        match exchange {
            Ok(exchange) => Ok(exchange.with(back)),
            Err(error) => {
                back.settle();
                // Some answer 400 to an unknown session. Neither of them has run it.
                let lost = matches!(
                    error,
                    UpstreamError::SessionLost | UpstreamError::Status { status: 400, .. }
                );
                if lost && open.has_session() {
                    open.lost.store(true, Ordering::Relaxed);
                    return Err(UpstreamError::SessionLost);
                }
                Err(error)
            }
        }
    }
}

impl Open {
    fn has_session(&self) -> bool {
        self.headers.contains_key(&SESSION)
    }
}
