//! A call as MCP carries it, and what its caller hears of it.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{
    answer::{Answer, error_parts},
    error::UpstreamError,
    exchange::{Event, Exchange, Note},
    log_level::LogLevel,
    question::{Question, Reply},
    request::Passed,
    wire::{LIST_CHANGED, RawEvent, Wire},
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

/// A call on a wire.
#[derive(Debug)]
pub(super) struct Carried<W> {
    wire: W,
    /// What the server speaks.
    era: Era,
    /// Our id of the request, which is its progress token, too.
    id: u64,
    progress_token: Option<String>,
    log_level: Option<LogLevel>,
    /// Asks whoever keeps the catalogue to look again.
    look_again: Arc<Notify>,
}

impl<W: Wire + 'static> Carried<W> {
    pub(super) fn boxed(
        wire: W,
        era: Era,
        id: u64,
        passed: &Passed,
        look_again: &Arc<Notify>,
    ) -> Box<dyn Exchange> {
        Box::new(Self {
            wire,
            era,
            id,
            progress_token: passed.progress_token.clone(),
            log_level: passed.log_level,
            look_again: Arc::clone(look_again),
        })
    }
}

impl<W: Wire> Exchange for Carried<W> {
    fn era(&self) -> Era {
        self.era
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, UpstreamError>> {
        loop {
            let event = match ready!(self.wire.poll_next(cx))? {
                RawEvent::Answer(answer) => return Poll::Ready(own(self.era, answer)),
                RawEvent::Question(question) => Event::Question(question),
                RawEvent::Notification(method, _) if method == LIST_CHANGED => {
                    self.look_again.notify_one();
                    continue;
                }
                RawEvent::Notification(method, params) => {
                    let Some(note) = self.note(&method, params.as_ref()) else { continue };
                    Event::Note(note)
                }
            };
            return Poll::Ready(Ok(event));
        }
    }

    fn reply(&mut self, question: Question, reply: Reply) {
        self.wire.send(question.answered(&reply));
    }
}

impl<W> Carried<W> {
    /// A notification as the caller may have it.
    fn note(&self, method: &str, params: Option<&Bytes>) -> Option<Note> {
        let params = str::from_utf8(params?).ok()?;
        match method {
            "notifications/progress" => {
                let params = progress(params, self.id, self.progress_token.as_ref()?)?;
                Some(("notifications/progress", params))
            }
            "notifications/message" => {
                Some(("notifications/message", log(params, self.log_level?)?))
            }
            _ => None,
        }
    }
}

/// An answer for the caller. An error that is about what the gateway itself said of the request is
/// not for them.
fn own(era: Era, answer: Answer) -> Result<Event, UpstreamError> {
    if let (Era::Modern, Answer::Error(error)) = (era, &answer)
        && let (HEADER_MISMATCH | UNSUPPORTED_VERSION, message) = error_parts(error)
    {
        return Err(UpstreamError::Disagrees(message));
    }
    Ok(Event::Answer(answer))
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
