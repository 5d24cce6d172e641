//! How a server is reached. Each transport is one implementation.

use std::{fmt::Debug, sync::Arc};

use futures_util::future::{BoxFuture, FutureExt, ready};

use super::{
    error::UpstreamError, exchange::Exchange, facts::Facts, item_kind::ItemKind, page::Page,
    request::ToolCall,
};

/// An exchange that is being begun. Dropped, it is not begun, or cancelled.
pub(super) type Begin = BoxFuture<'static, Result<Box<dyn Exchange>, Unbegun>>;

/// The way to one server, with all that is kept of it: sessions or processes, and what was found out
/// about the server. It opens by itself what a request needs.
pub(super) trait Link: Debug + Send + Sync {
    /// Opens what the gate asks in on its own behalf, unless it is open, and says who is there.
    fn open(&self) -> BoxFuture<'_, Result<Facts, UpstreamError>>;

    /// Asks for the first page of a list, or for that of a cursor.
    fn list<'l>(
        &'l self,
        kind: ItemKind,
        cursor: Option<&'l str>,
    ) -> BoxFuture<'l, Result<(Page, Facts), UpstreamError>>;

    /// Begins a call.
    fn begin(self: Arc<Self>, call: ToolCall) -> Begin;

    /// Forgets what was agreed on for what the gate asks itself, so that it is found out anew.
    fn forget(&self);

    /// Lets go of all that is open. Exchanges under way keep theirs to their end.
    fn close(&self);

    /// Listens for changes of what the server offers, if it tells of them on a stream of its own
    /// and nobody listens yet.
    fn listen(&self) {}

    /// Lets go of what callers have left open who have been away for long.
    fn sweep(&self) {}

    /// Whether what the server logs reaches the caller that it is about.
    fn passes_logs(&self) -> bool {
        false
    }

    /// What the server said last beside the protocol, the oldest line first, without secrets.
    fn last_words(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a request was not begun.
#[derive(Debug)]
pub(super) struct Unbegun {
    pub(super) error: UpstreamError,
    /// Whether it failed before anything of a caller's was read, which would be so for any caller.
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

/// The way to a server that cannot be reached, whatever is tried.
#[derive(Debug)]
pub(super) struct Broken(pub(super) UpstreamError);

impl Link for Broken {
    fn open(&self) -> BoxFuture<'_, Result<Facts, UpstreamError>> {
        ready(Err(self.0.clone())).boxed()
    }

    fn list<'l>(
        &'l self,
        _: ItemKind,
        _: Option<&'l str>,
    ) -> BoxFuture<'l, Result<(Page, Facts), UpstreamError>> {
        ready(Err(self.0.clone())).boxed()
    }

    fn begin(self: Arc<Self>, _: ToolCall) -> Begin {
        // What is wrong is known; no call has to show it.
        ready(Err(Unbegun::theirs(self.0.clone()))).boxed()
    }

    fn forget(&self) {}

    fn close(&self) {}
}
