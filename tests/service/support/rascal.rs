use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What a server does wrong with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whim {
    /// Nothing.
    Good,
    /// Everything gets a web page.
    Html,
    /// It takes the request and says no more.
    Silent,
    /// It says half of a JSON answer and hangs up.
    Halfway,
    /// It says half of an event stream and hangs up.
    HalfStream,
    /// A result of 50 MB.
    Huge,
    /// No JSON.
    Junk,
    /// A result twice.
    Duplicate,
    /// Somebody else's answer.
    WrongId,
    /// This result.
    Says(&'static str),
    /// This message, in which `ID` is the id of the request.
    Sends(&'static str),
    /// This event stream, in which `ID` is the id of the request. `STAY` at its end keeps it open.
    Streams(&'static str),
    /// A good answer that says to be compressed.
    Encoded,
    /// Its tools fail, and say so without a text.
    Wordless,
    /// An HTTP error with a secret in it.
    Failing,
}

/// A server that misbehaves when told to. Of the legacy era, without sessions.
#[derive(Debug, Clone)]
pub(crate) struct Rascal {
    pub(crate) url: String,
    doing: Arc<Doing>,
}

#[derive(Debug)]
struct Doing {
    whim: Mutex<Whim>,
    tools: Vec<Value>,
    asked: AtomicUsize,
}

/// Tools on a page of its list.
const PAGE: usize = 700;

impl Rascal {
    /// Starts one that offers these tools.
    pub(crate) async fn start(tools: Vec<Value>) -> Self {
        let doing =
            Arc::new(Doing { whim: Mutex::new(Whim::Good), tools, asked: AtomicUsize::new(0) });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&doing));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, doing }
    }

    /// From here on it behaves like this.
    pub(crate) fn behave(&self, whim: Whim) {
        *self.doing.whim.lock().unwrap() = whim;
    }

    /// How often it was asked anything.
    pub(crate) fn asked(&self) -> usize {
        self.doing.asked.load(Ordering::SeqCst)
    }
}

async fn serve(State(doing): State<Arc<Doing>>, request: Request) -> Response {
    doing.asked.fetch_add(1, Ordering::SeqCst);
    let whim = *doing.whim.lock().unwrap();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    let id = &message["id"];
    let answer = |result: Value| json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
    let good = match message["method"].as_str() {
        Some("initialize") => answer(
            json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "rascal", "version": "1"}}),
        ),
        Some("tools/list") => answer(page(&doing.tools, &message["params"]["cursor"])),
        Some("tools/call") => answer(json!({"content": [{"type": "text", "text": "fine"}]})),
        _ if id.is_null() => return StatusCode::ACCEPTED.into_response(),
        _ => json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no"}})
            .to_string(),
    };
    match whim {
        Whim::Good => as_json(good),
        Whim::Html => ([("content-type", "text/html")], "<h1>Welcome</h1>").into_response(),
        Whim::Silent => std::future::pending().await,
        Whim::Halfway => half("application/json", good[..good.len() / 2].to_owned()),
        Whim::HalfStream => {
            half("text/event-stream", format!("event: message\ndata: {}", &good[..20]))
        }
        Whim::Huge => {
            let piece = bytes::Bytes::from(vec![b'x'; 1 << 20]);
            let start = format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\""
            );
            let pieces = stream::iter([start.into()])
                .chain(stream::iter(std::iter::repeat_n(piece, 50)))
                .chain(stream::iter(["\"}]}}".into()]))
                .map(Ok::<bytes::Bytes, std::io::Error>);
            ([("content-type", "application/json")], Body::from_stream(pieces)).into_response()
        }
        Whim::Junk => as_json("{\"jsonrpc\": ".to_owned() + &good),
        Whim::Duplicate => as_json(format!("{{\"result\":{{}},{}", &good[1..])),
        Whim::WrongId => as_json(good.replacen(&format!("\"id\":{id}"), "\"id\":987654321", 1)),
        Whim::Says(result) => {
            as_json(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}"))
        }
        Whim::Sends(message) => as_json(message.replace("ID", &id.to_string())),
        Whim::Streams(stream) => streamed(&stream.replace("ID", &id.to_string())),
        Whim::Encoded => {
            let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
            (headers, good).into_response()
        }
        Whim::Wordless => {
            as_json(answer(json!({"content": [], "structuredContent": {"b": 1}, "isError": true})))
        }
        Whim::Failing => {
            (StatusCode::INTERNAL_SERVER_ERROR, "the password is hunter2").into_response()
        }
    }
}

/// A stream, a few bytes at a time.
fn streamed(text: &str) -> Response {
    let (text, stays) = text.strip_suffix("STAY").map_or((text, false), |text| (text, true));
    let pieces: Vec<_> = text.as_bytes().chunks(7).map(bytes::Bytes::copy_from_slice).collect();
    let pieces = stream::iter(pieces).map(Ok::<bytes::Bytes, std::io::Error>);
    let body = match stays {
        true => Body::from_stream(pieces.chain(stream::pending())),
        false => Body::from_stream(pieces),
    };
    ([("content-type", "text/event-stream")], body).into_response()
}

fn page(tools: &[Value], cursor: &Value) -> Value {
    let from: usize = cursor.as_str().map_or(0, |cursor| cursor.parse().unwrap());
    let end = tools.len().min(from + PAGE);
    let mut result = json!({"tools": tools[from..end]});
    if end < tools.len() {
        result["nextCursor"] = json!(end.to_string());
    }
    result
}

fn as_json(text: String) -> Response {
    ([("content-type", "application/json")], text).into_response()
}

/// Says this much, and breaks the connection off.
fn half(content_type: &'static str, text: String) -> Response {
    let pieces = [Ok(text), Err(std::io::Error::other("gone"))];
    ([("content-type", content_type)], Body::from_stream(stream::iter(pieces))).into_response()
}
