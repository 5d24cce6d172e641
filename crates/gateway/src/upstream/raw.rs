//! What transports hand over.

use bytes::Bytes;

use super::Answer;
use crate::era::Era;

/// A request that a transport has begun.
#[derive(Debug)]
pub(super) struct Begun<W> {
    pub(super) wire: W,
    /// What the server speaks.
    pub(super) era: Era,
    /// Our id of the request.
    pub(super) id: u64,
}

/// What comes from a wire, before it is known whether it is for the caller.
#[derive(Debug)]
pub(crate) enum RawEvent {
    Notification(String, Option<Bytes>),
    Answer(Answer),
}
