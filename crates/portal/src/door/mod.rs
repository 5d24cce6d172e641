//! The pages of signing in and out.

mod page;
mod sign_in;
mod sign_out;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use gatehall_identity::Doors;
pub(crate) use page::is_own;

/// All of them.
pub(crate) fn routes(doors: &Arc<Doors>) -> Router {
    Router::new()
        .route("/oauth2/start", get(sign_in::start))
        .route("/oauth2/sign_in", get(sign_in::choose))
        .route("/oauth2/callback", get(sign_in::callback))
        .route("/oauth2/callback/{provider}", get(sign_in::own_callback))
        .route("/oauth2/userinfo", get(sign_in::userinfo))
        .route("/sign-in/link/{token}", get(sign_in::ask_link).post(sign_in::use_link))
        .route("/oauth2/sign_out", get(sign_out::ask).post(sign_out::act))
        .route("/oauth2/signed_out", get(sign_out::done))
        .route("/oauth2/backchannel-logout/{provider}", post(sign_out::back_channel))
        .route("/oauth2/frontchannel-logout/{provider}", get(sign_out::front_channel))
        .with_state(Arc::clone(doors))
}
