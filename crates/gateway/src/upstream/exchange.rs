//! A request under way at a server, whatever carries it.

use std::{
    fmt::Debug,
    task::{Context, Poll},
};

use super::{
    answer::Answer,
    error::UpstreamError,
    question::{Question, Reply},
};
use crate::era::Era;

/// A notification for the caller: method and params.
pub(crate) type Note = (&'static str, String);

/// What comes from an exchange.
#[derive(Debug)]
pub(crate) enum Event {
    /// Something to tell the caller.
    Note(Note),
    /// Something that the server wants to know first. It waits for a reply.
    Question(Question),
    /// The answer, which ends the exchange.
    Answer(Answer),
}

/// A request under way. Dropped before its answer, it is cancelled at the server.
pub(crate) trait Exchange: Debug + Send {
    /// In which era's terms its answer is.
    fn era(&self) -> Era;

    /// What comes next. Nothing is lost if it is not polled to its end. After an error it is over.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, UpstreamError>>;

    /// Gives the server what it asked for.
    fn reply(&mut self, question: Question, reply: Reply);
}
