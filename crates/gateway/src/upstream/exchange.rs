//! One request under way at an upstream, until its answer.

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Answer, UpstreamError,
    answer::error_parts,
    http::HttpExchange,
    raw::{Begun, RawEvent},
    request::{LogLevel, ToolCall},
    stdio::StdioExchange,
};
use crate::{
    era::Era,
    json::{self, Members, ObjectWriter},
};

/// Codes of the modern revision for what a hop says of a request.
const HEADER_MISMATCH: i64 = -32020;
const UNSUPPORTED_VERSION: i64 = -32022;

/// The members of the params of notifications that callers get.
const PROGRESS: &[&str] = &["progressToken", "progress", "total", "message", "_meta"];
const LOG: &[&str] = &["level", "logger", "data", "_meta"];

/// A request under way. Dropped before its answer, it is cancelled upstream.
#[derive(Debug)]
pub(crate) struct Exchange {
    wire: Wire,
    /// What the upstream speaks.
    pub(crate) era: Era,
    /// Our id of the request, which is its progress token, too.
    id: u64,
    progress_token: Option<String>,
    log_level: Option<LogLevel>,
    /// The place among the calls that may be under way at once.
    _place: OwnedSemaphorePermit,
}

/// A request as it is under way on one transport.
#[derive(Debug)]
pub(super) enum Wire {
    Http(HttpExchange),
    Stdio(StdioExchange),
}

impl From<HttpExchange> for Wire {
    fn from(exchange: HttpExchange) -> Self {
        Self::Http(exchange)
    }
}

impl From<StdioExchange> for Wire {
    fn from(exchange: StdioExchange) -> Self {
        Self::Stdio(exchange)
    }
}

/// What comes from an exchange.
#[derive(Debug)]
pub(crate) enum Event {
    /// A notification for the caller: method and params.
    Note(&'static str, String),
    /// The answer, which ends the exchange.
    Answer(Answer),
}

impl Exchange {
    /// An exchange that begins so, for this call. It holds its place among those under way.
    pub(super) fn new<W: Into<Wire>>(
        begun: Begun<W>,
        call: &ToolCall,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            wire: begun.wire.into(),
            era: begun.era,
            id: begun.id,
            progress_token: call.passed.progress_token.clone(),
            log_level: call.passed.log_level,
            _place: place,
        }
    }

    /// What comes next. May be dropped and called again without losing anything.
    ///
    /// # Errors
    /// Then the exchange is over.
    pub(crate) async fn next(&mut self) -> Result<Event, UpstreamError> {
        loop {
            let raw = match &mut self.wire {
                Wire::Http(exchange) => exchange.next().await?,
                Wire::Stdio(exchange) => exchange.next().await?,
            };
            match raw {
                RawEvent::Answer(answer) => return self.own(answer),
                RawEvent::Notification(method, params) => {
                    if let Some(note) = self.note(&method, params.as_ref()) {
                        return Ok(note);
                    }
                }
            }
        }
    }

    /// An answer for the caller. An error about what the gateway itself said of the request is
    /// none.
    fn own(&self, answer: Answer) -> Result<Event, UpstreamError> {
        if let (Era::Modern, Answer::Error(error)) = (self.era, &answer)
            && let (HEADER_MISMATCH | UNSUPPORTED_VERSION, message) = error_parts(error)
        {
            return Err(UpstreamError::Disagrees(message));
        }
        Ok(Event::Answer(answer))
    }

    /// A notification as the caller may have it: progress under the caller's own token, log
    /// messages from the level the caller asked for. Others are not for callers.
    fn note(&self, method: &str, params: Option<&Bytes>) -> Option<Event> {
        let params = str::from_utf8(params?).ok()?;
        match method {
            "notifications/progress" => {
                let members = Members::of_server(params, PROGRESS).ok()?;
                let token = self.progress_token.as_ref()?;
                let own = members.get("progressToken")?.get().parse() == Ok(self.id);
                let mut object = ObjectWriter::new(params.len() + token.len());
                for (name, value) in members.iter() {
                    object.raw(name, if name == "progressToken" { token } else { value.get() });
                }
                own.then(|| Event::Note("notifications/progress", object.finish()))
            }
            "notifications/message" => {
                let members = Members::of_server(params, LOG).ok()?;
                let level = LogLevel::parse(&json::text(members.get("level")?)?)?;
                let passed = || members.without_twins().unwrap_or_else(|| params.to_owned());
                (level >= self.log_level?).then(|| Event::Note("notifications/message", passed()))
            }
            _ => None,
        }
    }
}
