//! Stands before everything that is served: a request whose head says two things goes nowhere.

use axum::{
    Json,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use gatehall_identity::{HeadFault, check_head};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::json;

pub(super) async fn guard(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match check_head(&head) {
        Ok(_) => next.run(Request::from_parts(head, body)).await,
        Err(fault) => refused(head.uri.path(), &fault),
    }
}

/// Says it as the one who asks expects to hear it.
fn refused(path: &str, fault: &HeadFault) -> Response {
    let status = StatusCode::BAD_REQUEST;
    let detail = format!("{fault}.");
    if path == "/mcp" || path.starts_with("/mcp/") {
        let error = json!({"code": -32600, "message": detail});
        let message = json!({"jsonrpc": "2.0", "id": null, "error": error});
        return (status, Json(message)).into_response();
    }
    let problem = json!({
        "type": "urn:gatehall:problem:bad-request",
        "title": "Bad Request",
        "status": 400,
        "detail": detail,
    });
    let mut response = (status, Json(problem)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
