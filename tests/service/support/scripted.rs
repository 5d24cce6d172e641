use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A server of either era with one tool, `act`, which answers what it is told to.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    pub(crate) url: String,
    script: Arc<Script>,
}

#[derive(Debug)]
struct Script {
    modern: bool,
    line: Mutex<Line>,
    /// An error that the next call gets.
    once: Mutex<Option<Value>>,
    ran: AtomicUsize,
}

/// What it answers a call with.
#[derive(Debug, Clone)]
struct Line {
    status: u16,
    /// The member of the message that is the answer, and its value.
    answer: (&'static str, String),
    after: Duration,
}

impl Scripted {
    /// Starts one of the modern era, or of the legacy one.
    pub(crate) async fn start(modern: bool) -> Self {
        let fine = ("result", json!({"content": [{"type": "text", "text": "fine"}]}).to_string());
        let line = Line { status: 200, answer: fine, after: Duration::ZERO };
        let script = Arc::new(Script {
            modern,
            line: Mutex::new(line),
            once: Mutex::default(),
            ran: AtomicUsize::new(0),
        });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&script));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    /// From here on a call is answered with this result.
    pub(crate) fn results(&self, result: impl ToString) {
        self.set(|line| (line.status, line.answer) = (200, ("result", result.to_string())));
    }

    /// From here on a call is answered with this error.
    pub(crate) fn fails(&self, status: u16, error: &Value) {
        self.set(|line| (line.status, line.answer) = (status, ("error", error.to_string())));
    }

    /// The next call is answered with this error.
    pub(crate) fn fails_once(&self, error: Value) {
        *self.script.once.lock().unwrap() = Some(error);
    }

    /// From here on a call takes so long.
    pub(crate) fn takes(&self, after: Duration) {
        self.set(|line| line.after = after);
    }

    /// How many calls it has taken.
    pub(crate) fn ran(&self) -> usize {
        self.script.ran.load(Ordering::SeqCst)
    }

    fn set(&self, change: impl FnOnce(&mut Line)) {
        change(&mut self.script.line.lock().unwrap());
    }
}

async fn serve(State(script): State<Arc<Script>>, request: Request) -> Response {
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    let id = &message["id"];
    let tools =
        json!([{"name": "act", "description": "A tool", "inputSchema": {"type": "object"}}]);
    let info = json!({"name": "scripted", "version": "1"});
    let result = match (message["method"].as_str(), script.modern) {
        (Some("tools/call"), _) => {
            script.ran.fetch_add(1, Ordering::SeqCst);
            let line = script.line.lock().unwrap().clone();
            tokio::time::sleep(line.after).await;
            let once = script.once.lock().unwrap().take().map(|it| ("error", it.to_string()));
            let (member, value) = once.unwrap_or(line.answer);
            let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"{member}\":{value}}}");
            let status = StatusCode::from_u16(line.status).unwrap();
            return (status, [("content-type", "application/json")], text).into_response();
        }
        (Some("server/discover"), true) => json!({
            "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
            "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
            "_meta": {"io.modelcontextprotocol/serverInfo": info},
        }),
        (Some("tools/list"), true) => {
            json!({"tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "private"})
        }
        (Some("initialize"), false) => json!({
            "protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info,
        }),
        (Some("tools/list"), false) => json!({"tools": tools}),
        _ if id.is_null() => return StatusCode::ACCEPTED.into_response(),
        _ => {
            let error = json!({"code": -32601, "message": "no"});
            return axum::Json(json!({"jsonrpc": "2.0", "id": id, "error": error})).into_response();
        }
    };
    axum::Json(json!({"jsonrpc": "2.0", "id": id, "result": result})).into_response()
}
