//! What browsers see.

mod page;
mod sign_in;
mod sign_out;

use std::sync::Arc;

use axum::{
    Router,
    response::IntoResponse,
    routing::{get, post},
};
use gatehall_identity::Doors;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// All pages.
pub fn routes(doors: &Arc<Doors>) -> Router {
    Router::new()
        .route("/", get(sign_in::start_page))
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
        .route("/static/gatehall.css", get(style))
        .with_state(Arc::clone(doors))
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("../../static/gatehall.css"))
}
