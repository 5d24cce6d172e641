//! What transports hand over.

use bytes::Bytes;

use super::{Answer, UpstreamError};
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

/// Why a request was not begun.
#[derive(Debug)]
pub(super) struct Unbegun {
    pub(super) error: UpstreamError,
    /// Whether it failed before anything of a caller's was sent.
    pub(super) is_ours: bool,
}

impl Unbegun {
    /// The way to the server could not be opened.
    pub(super) const fn ours(error: UpstreamError) -> Self {
        Self { error, is_ours: true }
    }

    /// The server did not take the request.
    pub(super) const fn theirs(error: UpstreamError) -> Self {
        Self { error, is_ours: false }
    }
}
