//! How the program sends requests to Open WebUIs.

use gatehall_open_webui::Wire;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use tower::util::BoxCloneSyncService;

/// Trusts whom the gate trusts elsewhere. No connection is kept for later: there are few requests, and
/// long pauses between them.
pub(crate) fn wire() -> Wire {
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .pool_timer(TokioTimer::new())
        .build(gatehall_identity::connector());
    BoxCloneSyncService::new(client)
}
