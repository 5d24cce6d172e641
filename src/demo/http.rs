//! The documents server: MCP 2026-07-28 over Streamable HTTP, without sessions.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    extract::Path,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use gatehall_domain::ServerId;
use gatehall_gateway::Tasks;
use http::{StatusCode, header::AUTHORIZATION};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::tools::{Toolbox, documents, envelope, of_company};

/// Starts the server on a free port of this machine.
pub(super) async fn start(tasks: &Tasks) -> Result<SocketAddr> {
    let listener =
        TcpListener::bind("127.0.0.1:0").await.context("a port for the documents server")?;
    let address = listener.local_addr()?;
    let router =
        Router::new().route("/mcp", post(receive)).route("/servers/{server}/mcp", post(receive_at));
    tasks.spawn_until_stop(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the documents server ended");
        }
    });
    Ok(address)
}

async fn receive(headers: HeaderMap, Json(message): Json<Value>) -> Response {
    let token =
        headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(toolbox) = token.and_then(documents) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    reply(&toolbox, &message)
}

/// The large company's servers are told apart by their paths, and let everybody in.
async fn receive_at(Path(server): Path<ServerId>, Json(message): Json<Value>) -> Response {
    match of_company(&server) {
        Some(toolbox) => reply(&toolbox, &message),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn reply(toolbox: &Toolbox, message: &Value) -> Response {
    match answer(toolbox, message) {
        Some(answer) => Json(answer).into_response(),
        None => StatusCode::ACCEPTED.into_response(),
    }
}

fn answer(toolbox: &Toolbox, message: &Value) -> Option<Value> {
    let id = message.get("id")?;
    let result = match message["method"].as_str().unwrap_or_default() {
        "server/discover" => Ok(json!({
            "supportedVersions": ["2026-07-28"],
            "capabilities": {"tools": {}},
            "resultType": "complete",
            "ttlMs": 0,
            "cacheScope": "private",
            "_meta": {"io.modelcontextprotocol/serverInfo":
                {"name": toolbox.name, "version": env!("CARGO_PKG_VERSION")}},
        })),
        "tools/list" => Ok(toolbox.list()),
        "tools/call" => toolbox.call(&message["params"]).map_err(|problem| (-32602, problem)),
        method => Err((-32601, format!("Method not found: {method}"))),
    };
    Some(envelope(id, result))
}
