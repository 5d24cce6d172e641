//! MCP over Streamable HTTP, of both eras.

mod back;
mod doubt;
mod events;
mod exchange;
mod handshake;
mod line;
mod listen;
mod probe;
mod resume;
mod stray;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Uri};
use tokio::sync::Semaphore;

use super::{
    Answer, Egress, Facts, UpstreamError,
    raw::{Begun, Unbegun},
    request::{self, ToolCall},
    session::Sessions,
};
use crate::{Tasks, era::Era};
use doubt::Standing;

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
    /// Whether each caller has sessions of their own.
    of_one_caller: bool,
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
    standing: Standing,
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
            of_one_caller: stateful,
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
            let answer = match self.line.exchange(&open, id, message, extra).await {
                Ok(exchange) => exchange.answer().await,
                Err(error) => Err(error),
            };
            // What the gate asks may be asked twice, by whoever knows what belongs to a session.
            if !matches!(answer, Ok(Answer::Result(_))) && !open.standing.is_good() {
                open.standing.fail();
                let now = self.line.open(slot, true).await?;
                if !Arc::ptr_eq(&now, &open) {
                    return Err(UpstreamError::SessionLost);
                }
            }
            Ok((answer?, open.facts.clone()))
        };
        let seconds = self.line.open_timeout.as_secs();
        tokio::time::timeout_at(deadline, asked).await.unwrap_or_else(|_| {
            if let Some(open) = slot.current() {
                open.standing.silent();
            }
            Err(UpstreamError::TimedOut(seconds))
        })
    }

    /// Opens the shared session, and says with whom.
    pub(crate) async fn greet(&self) -> Result<Facts, UpstreamError> {
        Ok(self.line.open(self.sessions.shared(), true).await?.facts.clone())
    }

    /// Begins a call. It is begun a second time only if the server says, of the call and once more
    /// when it is asked, that it does not know the session: with the status that the protocol has
    /// for that, and without an answer to the call. Then it has not run.
    pub(super) async fn call(&self, call: &ToolCall) -> Result<Begun<HttpExchange>, Unbegun> {
        let slot = self.sessions.of(call.permit.user());
        // That one caller gets no session of their own says nothing of those of others.
        let unopened = match Arc::ptr_eq(&slot, self.sessions.shared()) {
            true => Unbegun::ours,
            false => Unbegun::theirs,
        };
        let open = self.line.open(&slot, false).await.map_err(unopened)?;
        let error = match self.begin(&open, call).await {
            Ok(begun) => return Ok(begun),
            Err(error) => error,
        };
        if open.has_session() && matches!(error, UpstreamError::Status { status: 404, .. }) {
            let opened = self.line.open(&slot, false).await;
            if open.standing.is_lost() {
                let open = opened.map_err(unopened)?;
                return self.begin(&open, call).await.map_err(Unbegun::theirs);
            }
        }
        Err(Unbegun::theirs(error))
    }

    async fn begin(
        &self,
        open: &Arc<Open>,
        call: &ToolCall,
    ) -> Result<Begun<HttpExchange>, UpstreamError> {
        let id = self.line.id();
        let message = call.message(id, open.era);
        let name = Some(call.permit.tool().as_ref());
        let mut extra = self.line.method_headers(open, "tools/call", name, &call.headers);
        if let Some(trace) = &call.passed.trace {
            trace.put(&mut extra);
        }
        let wire = self.line.exchange(open, id, message, extra).await?;
        Ok(Begun { wire, era: open.era, id })
    }

    /// Ends the sessions of callers who have been away for long.
    pub(crate) fn sweep(&self) {
        self.sessions.sweep();
    }

    /// Forgets what was agreed on in the shared session, and leaves callers theirs.
    pub(crate) fn forget(&self) {
        drop(self.sessions.shared().take());
        self.line.legacy.store(false, Ordering::Relaxed);
    }

    /// Forgets all sessions, so that the next request makes a new handshake.
    pub(crate) fn reset(&self) {
        self.sessions.take().for_each(drop);
        self.line.legacy.store(false, Ordering::Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.standing.is_lost() || !self.has_session() {
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

impl Open {
    fn has_session(&self) -> bool {
        self.headers.contains_key(&SESSION)
    }
}
