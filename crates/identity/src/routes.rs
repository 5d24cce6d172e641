//! Everything of the doors that programs ask.

use std::sync::Arc;

use axum::{Router, middleware::map_response, response::Response, routing::get};
use http::{
    HeaderValue,
    header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS},
};

use crate::{doctor, doors::Doors, forward};

/// The endpoints of all proxies, the keys with which backends check what they are told, the
/// metadata of the protected resources, and what the doctor asks.
pub fn routes(doors: &Arc<Doors>) -> Router {
    let arrival = Router::new().route(doctor::ARRIVAL, get(doctor::arrival));
    forward::routes(doors)
        .merge(arrival.with_state(Arc::clone(doors)))
        .layer(map_response(protected))
}

/// No answer is a page, whatever a browser makes of it.
async fn protected(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    response
}
