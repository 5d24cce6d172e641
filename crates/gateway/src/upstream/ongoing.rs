//! A call under way, and the place that it holds among those of its server.

use std::{future::poll_fn, sync::Arc};

use tokio::sync::OwnedSemaphorePermit;

use super::{
    error::UpstreamError,
    exchange::{Event, Exchange},
    link::Begin,
    question::{Question, Reply},
    secrets::Secrets,
};
use crate::era::Era;

/// A call on its way to its server.
pub(crate) struct Beginning {
    pub(super) begin: Begin,
    /// Its place, until it has begun.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// A call that its server has. Dropped before its answer, it is cancelled there.
#[derive(Debug)]
pub(crate) struct Ongoing {
    pub(super) exchange: Box<dyn Exchange>,
    /// What no error may show.
    pub(super) secrets: Arc<Secrets>,
    /// The place among the calls that may be under way at once.
    pub(super) _place: Option<OwnedSemaphorePermit>,
}

impl Ongoing {
    /// In which era's terms its answer is.
    pub(crate) fn era(&self) -> Era {
        self.exchange.era()
    }

    /// What comes next. May be dropped and called again without losing anything.
    ///
    /// # Errors
    /// Then it is over.
    pub(crate) async fn next(&mut self) -> Result<Event, UpstreamError> {
        let next = poll_fn(|cx| self.exchange.poll_next(cx)).await;
        next.map_err(|error| self.secrets.error(error))
    }

    /// Gives the server what it asked for.
    pub(crate) fn reply(&mut self, question: Question, reply: Reply) {
        self.exchange.reply(question, reply);
    }
}
