//! MCP towards clients, over Streamable HTTP: the modern revision and the legacy ones on one
//! address.

mod answer;
mod attended;
mod batch;
mod call;
mod client;
mod dispatch;
mod forward;
mod guard;
mod handshake;
mod known;
mod list;
#[cfg(test)]
mod loose;
mod negotiate;
mod request;
mod rpc;
mod server_info;
mod stream;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use gatehall_domain::Endpoint;
use http::{HeaderValue, StatusCode, header::ALLOW, request::Parts as Head};

use self::{
    guard::{check_media, single},
    request::Request,
    rpc::{Incoming, RpcError},
};
use crate::{
    entry::{Entry, Turned, endpoint_of, read_body},
    gateway::Gateway,
    json::{DEEPEST, depth_within},
    session::SESSION,
};

pub(crate) fn routes() -> Router<Arc<Gateway>> {
    let all = || post(post_all).delete(delete_all).fallback(not_allowed);
    let tenant = || post(post_tenant).delete(delete_tenant).fallback(not_allowed);
    let server = || post(post_server).delete(delete_server).fallback(not_allowed);
    // Some clients end every address with a slash, and none follows a redirect with its body.
    Router::new()
        .route("/mcp", all())
        .route("/mcp/", all())
        .route("/mcp/{tenant}", tenant())
        .route("/mcp/{tenant}/", tenant())
        .route("/mcp/{tenant}/{server}", server())
        .route("/mcp/{tenant}/{server}/", server())
}

type Shared = State<Arc<Gateway>>;

async fn post_all(State(gateway): Shared, request: axum::extract::Request) -> Response {
    receive(&gateway, Some(Endpoint::All), request).await
}

async fn post_tenant(
    State(gateway): Shared,
    Path(tenant): Path<String>,
    request: axum::extract::Request,
) -> Response {
    receive(&gateway, endpoint_of(&tenant, None), request).await
}

async fn post_server(
    State(gateway): Shared,
    Path((tenant, server)): Path<(String, String)>,
    request: axum::extract::Request,
) -> Response {
    receive(&gateway, endpoint_of(&tenant, Some(&server)), request).await
}

async fn delete_all(State(gateway): Shared, head: Head) -> Response {
    end_session(&gateway, Some(Endpoint::All), &head).await
}

async fn delete_tenant(State(gateway): Shared, Path(tenant): Path<String>, head: Head) -> Response {
    end_session(&gateway, endpoint_of(&tenant, None), &head).await
}

async fn delete_server(
    State(gateway): Shared,
    Path((tenant, server)): Path<(String, String)>,
    head: Head,
) -> Response {
    end_session(&gateway, endpoint_of(&tenant, Some(&server)), &head).await
}

/// There is no stream to be had with GET, in no revision.
async fn not_allowed() -> Response {
    let error =
        RpcError::new(StatusCode::METHOD_NOT_ALLOWED, RpcError::INVALID_REQUEST, "use POST");
    let mut response = error.into_response(None);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, DELETE"));
    response
}

/// From the first byte to the answer: where from, who, what; then decide and act.
async fn receive(
    gateway: &Arc<Gateway>,
    endpoint: Option<Endpoint>,
    request: axum::extract::Request,
) -> Response {
    let (head, body) = request.into_parts();
    let entry = match Entry::or_stranger(gateway, &head).await {
        Ok(entry) => entry,
        Err(turned) => return turned_away(turned),
    };
    let Some(endpoint) = endpoint else { return nothing_here().into_response(None) };
    if let Err(error) = check_media(&head.headers) {
        return error.into_response(None);
    }
    let body = match read_checked(gateway, body).await {
        Ok(body) => body,
        Err(error) => return error.into_response(None),
    };
    let Ok(text) = str::from_utf8(&body) else {
        return RpcError::bad(RpcError::PARSE, "the body is not UTF-8").into_response(None);
    };
    let Entry { moment, caller, now, refused } = &entry;
    let (now, refused) = (*now, refused.as_ref());
    let request = Request { gateway, moment, caller, endpoint: &endpoint, now, refused };
    if text.trim_start().starts_with('[') {
        return batch::answer(&request, &head.headers, text).await;
    }
    let incoming = match Incoming::read(text) {
        Ok(incoming) => incoming,
        Err(unread) => return request.unread(text, &unread).await.into_response(unread.id),
    };
    match request.handle(&incoming, &head.headers).await {
        Ok(response) => response,
        Err(error) => error.into_response(incoming.id),
    }
}

async fn read_checked(gateway: &Gateway, body: Body) -> Result<Bytes, RpcError> {
    let limit = gateway.settings.request_bytes;
    let bytes = read_body(body, limit)
        .await
        .map_err(|(status, problem)| RpcError::new(status, RpcError::INVALID_REQUEST, problem))?;
    if !depth_within(&bytes, DEEPEST) {
        let message = format!("the body is nested deeper than {DEEPEST} levels");
        return Err(RpcError::bad(RpcError::INVALID_REQUEST, message));
    }
    Ok(bytes)
}

fn turned_away(turned: Turned) -> Response {
    let error = RpcError::new(turned.status, RpcError::INVALID_REQUEST, turned.message);
    let mut response = error.into_response(None);
    if let Some((name, value)) = turned.header {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The answer where the address can name no tenant and no server, whoever asks.
fn nothing_here() -> RpcError {
    RpcError::new(
        StatusCode::NOT_FOUND,
        RpcError::INVALID_PARAMS,
        "There is nothing at this address, for anybody: use /mcp, or ask an administrator.",
    )
}

async fn end_session(gateway: &Arc<Gateway>, endpoint: Option<Endpoint>, head: &Head) -> Response {
    let entry = match Entry::or_stranger(gateway, head).await {
        Ok(entry) => entry,
        Err(turned) => return turned_away(turned),
    };
    let Some(endpoint) = endpoint else { return nothing_here().into_response(None) };
    let id = match single(&head.headers, &SESSION, RpcError::INVALID_REQUEST) {
        Ok(id) => id.and_then(|id| id.to_str().ok()),
        Err(error) => return error.into_response(None),
    };
    let Some(id) = id else { return not_allowed().await };
    let Entry { moment, caller, now, .. } = &entry;
    let (now, refused) = (*now, None);
    match (Request { gateway, moment, caller, endpoint: &endpoint, now, refused }).session(id) {
        Ok(session) => {
            gateway.session_notes.end(session);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => error.into_response(None),
    }
}
