//! What clients see of the gateway.

use std::sync::Arc;

use axum::Router;
use http::{HeaderValue, Method, header::ETAG};
use tower_http::cors::{AllowHeaders, CorsLayer};

use crate::{gateway::Gateway, mcp, openapi, session::SESSION};

/// The routes of both faces.
pub fn faces(gateway: &Arc<Gateway>) -> Router {
    let router = mcp::routes().merge(openapi::routes()).with_state(Arc::clone(gateway));
    match gateway.settings.allowed_origins.as_slice() {
        [] => router,
        origins => router.layer(cors(origins)),
    }
}

/// Lets pages of these origins call. Who calls is proved by a header they have to know.
fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<_> = origins.iter().filter_map(|it| HeaderValue::try_from(it).ok()).collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([SESSION.clone(), ETAG])
}
