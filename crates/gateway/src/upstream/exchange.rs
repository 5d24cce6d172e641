//! One request under way at an upstream, until its answer.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::{
    Answer, Secrets, Upstream, UpstreamError,
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

/// With this a server says that it offers other tools than before.
pub(super) const LIST_CHANGED: &str = "notifications/tools/list_changed";

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
    /// Asks whoever keeps the catalogue to look again.
    look_again: Arc<Notify>,
    /// What no error may show.
    secrets: Arc<Secrets>,
    /// The place among the calls that may be under way at once.
    _place: OwnedSemaphorePermit,
}

/// A request as it is under way on one transport.
#[derive(Debug)]
pub(super) enum Wire {
    Http(Box<HttpExchange>),
    Stdio(StdioExchange),
}

impl From<HttpExchange> for Wire {
    fn from(exchange: HttpExchange) -> Self {
        Self::Http(Box::new(exchange))
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
        upstream: &Upstream,
    ) -> Self {
        Self {
            wire: begun.wire.into(),
            era: begun.era,
            id: begun.id,
            progress_token: call.passed.progress_token.clone(),
            log_level: call.passed.log_level,
            look_again: Arc::clone(&upstream.look_again),
            secrets: Arc::clone(&upstream.secrets),
            _place: place,
        }
    }

    /// What comes next. May be dropped and called again without losing anything.
    ///
    /// # Errors
    /// Then the exchange is over.
    pub(crate) async fn next(&mut self) -> Result<Event, UpstreamError> {
        self.next_raw().await.map_err(|error| self.secrets.error(error))
    }

    async fn next_raw(&mut self) -> Result<Event, UpstreamError> {
        loop {
            let raw = match &mut self.wire {
                Wire::Http(exchange) => exchange.next().await?,
                Wire::Stdio(exchange) => exchange.next().await?,
            };
            match raw {
                RawEvent::Answer(answer) => return self.own(answer),
                RawEvent::Notification(method, _) if method == LIST_CHANGED => {
                    self.look_again.notify_one();
                }
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

    /// A notification as the caller may have it.
    fn note(&self, method: &str, params: Option<&Bytes>) -> Option<Event> {
        let params = str::from_utf8(params?).ok()?;
        match method {
            "notifications/progress" => {
                let params = progress(params, self.id, self.progress_token.as_ref()?)?;
                Some(Event::Note("notifications/progress", params))
            }
            "notifications/message" => {
                Some(Event::Note("notifications/message", log(params, self.log_level?)?))
            }
            _ => None,
        }
    }
}

/// Progress of the request with this id, under the caller's own token.
fn progress(params: &str, id: u64, token: &str) -> Option<String> {
    let members = Members::of_server(params, PROGRESS).ok()?;
    (json::whole(members.get("progressToken")?.get()) == Some(id)).then_some(())?;
    let mut object = ObjectWriter::new(params.len() + token.len());
    for (name, value) in members.iter() {
        object.raw(name, if name == "progressToken" { token } else { value.get() });
    }
    Some(object.finish())
}

/// A log message, from the level on that the caller asked for.
fn log(params: &str, least: LogLevel) -> Option<String> {
    let members = Members::of_server(params, LOG).ok()?;
    let level = LogLevel::parse(&json::text(members.get("level")?)?)?;
    (level >= least).then(|| members.without_twins().unwrap_or_else(|| params.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_say_what_was_read_in_them() {
        for (params, passed) in [
            (r#"{"progressToken":7,"progress":1}"#, Some(r#"{"progressToken":"t","progress":1}"#)),
            (
                r#"{"ProgressToken":"other","progressToken":7,"vendor":1}"#,
                Some(r#"{"progressToken":"t","vendor":1}"#),
            ),
            (r#"{"progress\u0054oken":7}"#, Some(r#"{"progressToken":"t"}"#)),
            (r#"{"progressToken":8}"#, None),
            (r#"{"progressToken":7,"progressToken":7}"#, None),
            (r#"{"ProgressToken":7}"#, None),
        ] {
            assert_eq!(progress(params, 7, "\"t\"").as_deref(), passed, "{params}");
        }
        for (params, passed) in [
            (
                r#"{"level":"error","data":{"Level":1}}"#,
                Some(r#"{"level":"error","data":{"Level":1}}"#),
            ),
            (
                r#"{"level":"error","Level":"debug","data":1}"#,
                Some(r#"{"level":"error","data":1}"#),
            ),
            (r#"{"l\u0065vel":"debug","data":1}"#, None),
            (r#"{"level":"error","level":"error"}"#, None),
        ] {
            assert_eq!(log(params, LogLevel::Warning).as_deref(), passed, "{params}");
        }
    }
}
