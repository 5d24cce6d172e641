//! What all transports of MCP have in common: messages of JSON-RPC that belong to one request.

use std::{
    fmt::Debug,
    future::poll_fn,
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{answer::Answer, error::UpstreamError, question::Question};

/// With this a server says that it offers other tools than before.
pub(super) const LIST_CHANGED: &str = "notifications/tools/list_changed";

/// What comes from a wire, before it is known whether it is for the caller.
#[derive(Debug)]
pub(super) enum RawEvent {
    /// Method and params.
    Notification(String, Option<Bytes>),
    Question(Question),
    Answer(Answer),
}

/// A request of ours under way. Dropped before its answer, it is cancelled at the server.
pub(super) trait Wire: Debug + Send {
    /// What comes next. Nothing is lost if it is not polled to its end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<RawEvent, UpstreamError>>;

    /// Sends a message to the server that is about the request, without waiting for it.
    fn send(&mut self, message: Bytes);
}

/// The answer to a request of the gate's own, whatever else comes. Nobody but the gate answers what
/// the server asks meanwhile.
pub(super) async fn answer(mut wire: impl Wire) -> Result<Answer, UpstreamError> {
    loop {
        match poll_fn(|cx| wire.poll_next(cx)).await? {
            RawEvent::Answer(answer) => return Ok(answer),
            RawEvent::Question(question) => wire.send(question.answered_by_gate()),
            RawEvent::Notification(..) => {}
        }
    }
}
