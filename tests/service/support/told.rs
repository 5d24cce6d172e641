use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What a told server answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    /// The result, as raw JSON.
    pub(crate) result: String,
    /// Messages that come before it, on the stream of the answer.
    pub(crate) notes: Vec<String>,
}

impl From<Value> for Reply {
    fn from(result: Value) -> Self {
        Self { result: result.to_string(), notes: Vec::new() }
    }
}

type Answers = dyn Fn(&Value) -> Option<Reply> + Send + Sync;

/// A server over HTTP that answers what it is told to answer, and remembers what it was asked.
/// Unless told otherwise it is of the legacy era, without sessions.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) url: String,
    telling: Arc<Telling>,
}

struct Telling {
    answers: Box<Answers>,
    asked: Mutex<Vec<(Value, HeaderMap)>>,
}

impl Told {
    /// Starts one. What it is not told to answer, it does not know.
    pub(crate) async fn start(
        answers: impl Fn(&Value) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let telling = Arc::new(Telling { answers: Box::new(answers), asked: Mutex::default() });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&telling));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, telling }
    }

    /// The messages of one method that it got, with their headers.
    pub(crate) fn asked(&self, method: &str) -> Vec<(Value, HeaderMap)> {
        let asked = self.telling.asked.lock().unwrap();
        asked.iter().filter(|(message, _)| message["method"] == method).cloned().collect()
    }
}

/// The result of `initialize`, with what else a server may say there.
pub(crate) fn welcome(more: Value) -> Value {
    let mut result = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "told", "version": "1"}});
    for (name, value) in more.as_object().unwrap() {
        result[name] = value.clone();
    }
    result
}

async fn serve(State(telling): State<Arc<Telling>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    telling.asked.lock().unwrap().push((message.clone(), head.headers));
    let id = &message["id"];
    if id.is_null() {
        return StatusCode::ACCEPTED.into_response();
    }
    let reply = (telling.answers)(&message)
        .or_else(|| (message["method"] == "initialize").then(|| welcome(json!({})).into()));
    let Some(Reply { result, notes }) = reply else {
        let error = json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no"}});
        return ([("content-type", "application/json")], error.to_string()).into_response();
    };
    let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}");
    if notes.is_empty() {
        return ([("content-type", "application/json")], answer).into_response();
    }
    let events = notes.iter().chain([&answer]);
    let events: String = events.map(|it| format!("event: message\ndata: {it}\n\n")).collect();
    ([("content-type", "text/event-stream")], events).into_response()
}
