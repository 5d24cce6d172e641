//! The pages of signing in and out.

mod page;
mod refused;
mod sign_in;
mod sign_out;
mod stuck;

use std::sync::Arc;

use axum::{
    Extension, Router,
    middleware::map_response,
    routing::{MethodRouter, get, post},
};
use gatehall_identity::Doors;
pub(crate) use page::is_own;
use stuck::WayIn;

use crate::Hall;

/// All of them, by path.
fn all() -> Vec<(&'static str, MethodRouter<Arc<Doors>>)> {
    vec![
        ("/oauth2/start", get(sign_in::start)),
        ("/oauth2/sign_in", get(sign_in::choose)),
        ("/oauth2/callback", get(sign_in::callback)),
        ("/oauth2/callback/{provider}", get(sign_in::own_callback)),
        ("/oauth2/userinfo", get(sign_in::userinfo)),
        ("/sign-in/link/{token}", get(sign_in::ask_link).post(sign_in::use_link)),
        ("/oauth2/sign_out", get(sign_out::ask).post(sign_out::act)),
        ("/oauth2/signed_out", get(sign_out::done)),
        ("/oauth2/backchannel-logout/{provider}", post(sign_out::back_channel)),
        ("/oauth2/frontchannel-logout/{provider}", get(sign_out::front_channel)),
    ]
}

/// Every path of the doors, for tests that walk all of them.
pub(crate) fn paths() -> Vec<&'static str> {
    all().into_iter().map(|(path, _)| path).collect()
}

pub(crate) fn routes(doors: &Arc<Doors>, hall: &Arc<dyn Hall>) -> Router {
    all()
        .into_iter()
        .fold(Router::new(), |router, (path, method)| router.route(path, method))
        .layer(Extension(WayIn(Arc::clone(hall))))
        .layer(map_response(page::protected))
        .with_state(Arc::clone(doors))
}
