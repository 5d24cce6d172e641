use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Servers of the legacy era in one process, whose definitions are texts, sent as they are.
#[derive(Debug, Clone)]
pub(super) struct Servers {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    definitions: Vec<Vec<String>>,
    lists: AtomicUsize,
}

impl Servers {
    /// Starts one server for each list of definitions.
    pub(super) async fn start(definitions: Vec<Vec<String>>) -> Self {
        let shared = Arc::new(Shared { definitions, lists: AtomicUsize::new(0) });
        let router =
            Router::new().route("/{number}/mcp", post(serve)).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// How often they were asked for their tools.
    pub(super) fn lists(&self) -> usize {
        self.shared.lists.load(Ordering::SeqCst)
    }

    pub(super) fn url(&self, number: usize) -> String {
        format!("{}/{number}/mcp", self.url)
    }
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    Path(number): Path<usize>,
    body: Bytes,
) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let id = &request["id"];
    let result = match request["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "definitions", "version": "1"},
        })
        .to_string(),
        Some("tools/list") => {
            shared.lists.fetch_add(1, Ordering::SeqCst);
            format!("{{\"tools\":[{}]}}", shared.definitions[number].join(","))
        }
        // What it was called with.
        Some("tools/call") => json!({
            "content": [{"type": "text", "text": request["params"].to_string()}],
            "structuredContent": {"a": 1, "b": {"c": [null, "x"]}},
        })
        .to_string(),
        _ if id.is_null() => return axum::http::StatusCode::ACCEPTED.into_response(),
        _ => {
            let error = json!({"code": -32601, "message": "Method not found"});
            let answer = json!({"jsonrpc": "2.0", "id": id, "error": error});
            return ([("content-type", "application/json")], answer.to_string()).into_response();
        }
    };
    let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}");
    ([("content-type", "application/json")], answer).into_response()
}
