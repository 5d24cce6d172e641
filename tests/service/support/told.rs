use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

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

/// What a server says by itself, piece by piece.
type Says = mpsc::UnboundedReceiver<Vec<u8>>;
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
    says: Mutex<Option<Says>>,
    asked: Mutex<Vec<(Value, HeaderMap)>>,
}

impl Told {
    /// Starts one. What it is not told to answer, it does not know.
    pub(crate) async fn start(
        answers: impl Fn(&Value) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::serve(Box::new(answers), None).await
    }

    /// The same, but the first who listens to it hears what it `says`.
    pub(crate) async fn start_saying(
        says: Says,
        answers: impl Fn(&Value) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::serve(Box::new(answers), Some(says)).await
    }

    async fn serve(answers: Box<Answers>, says: Option<Says>) -> Self {
        let (says, asked) = (Mutex::new(says), Mutex::default());
        let telling = Arc::new(Telling { answers, says, asked });
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

    /// What it was answered to a request of its own with this id.
    pub(crate) fn answered(&self, id: &str) -> Option<Value> {
        let asked = self.telling.asked.lock().unwrap();
        let answer = |it: &Value| it["id"] == id && it["method"].is_null();
        asked.iter().map(|(message, _)| message).find(|it| answer(it)).cloned()
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
    let says = (head.method == Method::GET).then(|| telling.says.lock().unwrap().take());
    if let Some(says) = says.flatten() {
        let pieces = stream::unfold(says, async |mut says| {
            says.recv().await.map(|piece| (Ok::<_, std::io::Error>(piece), says))
        });
        return ([("content-type", "text/event-stream")], Body::from_stream(pieces))
            .into_response();
    }
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    telling.asked.lock().unwrap().push((message.clone(), head.headers));
    let id = &message["id"];
    if id.is_null() || message["method"].is_null() {
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
