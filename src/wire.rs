//! How the program sends requests to Open WebUIs.

use gatehall_open_webui::Wire;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use tower::util::BoxCloneSyncService;

/// Trusts whom the gate trusts elsewhere. No connection is kept for later: there are few requests with
/// long pauses between them, and Open WebUI closes what is idle, perhaps while a change is on its way.
pub(crate) fn wire() -> Wire {
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .pool_timer(TokioTimer::new())
        .build(gatehall_identity::connector());
    BoxCloneSyncService::new(client)
}
