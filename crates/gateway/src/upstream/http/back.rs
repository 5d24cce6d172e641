//! The way back to a server while its answer is awaited.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;

use super::open::Open;
use crate::{
    era::Era,
    upstream::{error::UpstreamError, request, wire::RawEvent},
};

/// The way back to the server while an answer is awaited, for what it asks of us. Dropped before
/// the request is settled, it tells the server that nobody waits any more.
#[derive(Debug)]
pub(super) struct Back {
    open: Arc<Open>,
    id: u64,
    settled: bool,
}

impl Back {
    pub(super) const fn new(open: Arc<Open>, id: u64) -> Self {
        Self { open, id, settled: false }
    }

    /// The session it is in.
    pub(super) const fn open(&self) -> &Arc<Open> {
        &self.open
    }

    /// Takes note of what came. After an answer there is nothing to cancel any more.
    pub(super) fn note(&mut self, status: StatusCode, next: &Result<RawEvent, UpstreamError>) {
        match next {
            Ok(event) => {
                self.settled |= matches!(event, RawEvent::Answer(_));
                self.open.judge(status, event);
            }
            Err(error) => self.open.suspect(error),
        }
    }

    /// Takes note of a request that the server did not take up.
    pub(super) fn refused(&mut self, error: &UpstreamError) {
        self.settled = true;
        self.open.suspect(error);
    }

    /// Sends a message without waiting for it.
    pub(super) fn send(&self, message: Bytes) {
        self.open.send_back(message, Some(Arc::clone(&self.open)));
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        // In the modern era the closed connection says it.
        if !self.settled && self.open.era == Era::Legacy {
            self.send(request::cancelled(self.id));
        }
    }
}
