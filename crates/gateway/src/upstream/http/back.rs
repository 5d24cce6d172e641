//! The way back to a server while its answer is awaited.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use super::Open;
use crate::{
    era::Era,
    upstream::{UpstreamError, raw::RawEvent, request},
};

/// How long a message on the way back may take.
const BACK_TIME: Duration = Duration::from_secs(5);

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

impl Open {
    /// Sends a message without waiting for it. A server that has too many of them under way gets
    /// no more. The session lasts until it is sent only if it is `kept`.
    pub(super) fn send_back(&self, message: Bytes, kept: Option<Arc<Self>>) {
        let Ok(place) = Arc::clone(&self.line.backs).try_acquire_owned() else { return };
        let (line, uri, headers) = (Arc::clone(&self.line), self.uri.clone(), self.headers.clone());
        self.line.tasks.spawn_until_stop(async move {
            let sent = tokio::time::timeout(BACK_TIME, line.post(&uri, headers, message)).await;
            tracing::trace!(ok = matches!(sent, Ok(Ok(_))), "sent a message back upstream");
            drop((place, kept));
        });
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
