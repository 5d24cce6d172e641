use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A server of the legacy era that issues sessions, forgets them when told to, and counts what it
/// runs. Its tool `act` does well, and `odd` answers as it is told, after it has run.
#[derive(Debug, Clone)]
pub(crate) struct Forgetful {
    pub(crate) url: String,
    doing: Arc<Doing>,
}

/// An answer that is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Saying {
    pub(crate) status: u16,
    pub(crate) form: Form,
    pub(crate) words: &'static str,
}

/// What form it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    /// An error of JSON-RPC with the id of the request,
    Own,
    /// with null,
    Null,
    /// and without any.
    None,
    /// A connection that ends in the middle of the answer.
    Half,
    /// No answer at all.
    Silence,
    /// A stream that ends before the answer, and its rest in so many pieces.
    Pieces(u64),
    /// The same where the rest is not handed out, with the status of the saying.
    NoRest,
}

impl Form {
    pub(crate) const SAID: [Self; 4] = [Self::Text, Self::Own, Self::Null, Self::None];
}

#[derive(Debug, Default)]
struct Doing {
    sessions: Mutex<HashSet<String>>,
    handshakes: AtomicUsize,
    lists: AtomicUsize,
    runs: AtomicUsize,
    /// How it answers in a session that it does not know.
    lost: Mutex<Option<Saying>>,
    /// How `odd` answers.
    odd: Mutex<Option<Saying>>,
    pings_anybody: AtomicBool,
    polls: Mutex<Vec<Poll>>,
    ended: Mutex<Option<(Instant, Value)>>,
}

/// One GET that asked for the rest of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Poll {
    pub(crate) last_event_id: String,
    /// How many milliseconds after the last piece it came.
    pub(crate) after: u128,
    pub(crate) headers: HeaderMap,
}

/// After so many milliseconds it wants to be asked for the rest.
pub(crate) const RETRY: u128 = 150;

impl Forgetful {
    pub(crate) async fn start() -> Self {
        let doing = Arc::<Doing>::default();
        let router = Router::new().fallback(serve).with_state(Arc::clone(&doing));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, doing }
    }

    /// From here on it knows no session, and says so like this.
    pub(crate) fn forget(&self, saying: Saying) {
        *self.doing.lost.lock().unwrap() = Some(saying);
        self.doing.sessions.lock().unwrap().clear();
    }

    /// From here on `odd` answers like this.
    pub(crate) fn says(&self, saying: Saying) {
        *self.doing.odd.lock().unwrap() = Some(saying);
    }

    /// From here on it answers pings in any session.
    pub(crate) fn ping_anybody(&self) {
        self.doing.pings_anybody.store(true, Ordering::SeqCst);
    }

    /// How often a tool ran.
    pub(crate) fn runs(&self) -> usize {
        self.doing.runs.load(Ordering::SeqCst)
    }

    /// How often its tools were listed.
    pub(crate) fn lists(&self) -> usize {
        self.doing.lists.load(Ordering::SeqCst)
    }

    /// How many sessions it issued.
    pub(crate) fn handshakes(&self) -> usize {
        self.doing.handshakes.load(Ordering::SeqCst)
    }

    /// Who asked for the rest of a stream.
    pub(crate) fn polls(&self) -> Vec<Poll> {
        self.doing.polls.lock().unwrap().clone()
    }
}

async fn serve(State(doing): State<Arc<Doing>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).map(|it| it.to_str().unwrap().to_owned());
    let session = header("mcp-session-id");
    let known = session.is_some_and(|it| doing.sessions.lock().unwrap().contains(&it));
    if head.method == Method::GET {
        let Some(id) = header("last-event-id").filter(|_| known) else {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        };
        return doing.poll(id, head.headers);
    }
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    let id = message["id"].clone();
    let result = |result: Value| json!({"jsonrpc": "2.0", "id": id, "result": result});
    let method = message["method"].as_str().unwrap_or_default();
    let checked = method != "ping" || !doing.pings_anybody.load(Ordering::SeqCst);
    match method {
        "initialize" => {
            let name = format!("session-{}", doing.handshakes.fetch_add(1, Ordering::SeqCst));
            doing.sessions.lock().unwrap().insert(name.clone());
            let info = json!({"name": "forgetful", "version": "1"});
            let capabilities = json!({"tools": {}});
            let said = result(
                json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "serverInfo": info}),
            );
            ([("mcp-session-id", name)], axum::Json(said)).into_response()
        }
        "server/discover" => (StatusCode::BAD_REQUEST, "what?").into_response(),
        _ if !known && checked => {
            let saying = doing.lost.lock().unwrap().unwrap();
            doing.say(saying, &id).await
        }
        _ if id.is_null() => StatusCode::ACCEPTED.into_response(),
        "ping" => axum::Json(result(json!({}))).into_response(),
        "tools/list" => {
            doing.lists.fetch_add(1, Ordering::SeqCst);
            let tool = |name| json!({"name": name, "inputSchema": {"type": "object"}});
            axum::Json(result(json!({"tools": [tool("act"), tool("odd")]}))).into_response()
        }
        "tools/call" => {
            doing.runs.fetch_add(1, Ordering::SeqCst);
            let saying = *doing.odd.lock().unwrap();
            match (message["params"]["name"].as_str(), saying) {
                (Some("odd"), Some(saying)) => doing.say(saying, &id).await,
                _ => axum::Json(result(fine())).into_response(),
            }
        }
        _ => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}

fn fine() -> Value {
    json!({"content": [{"type": "text", "text": "fine"}]})
}

fn stream(text: String) -> Response {
    ([("content-type", "text/event-stream")], text).into_response()
}

impl Doing {
    async fn say(&self, Saying { status, form, words }: Saying, id: &Value) -> Response {
        let status = StatusCode::from_u16(status).unwrap();
        let error = json!({"code": -32001, "message": words});
        let message = match form {
            Form::Text => return (status, words).into_response(),
            Form::Half => {
                let pieces =
                    [Ok("{\"jsonrpc\":"), Err(std::io::Error::other("the server went away"))];
                let body = Body::from_stream(futures_util::stream::iter(pieces));
                return (status, [("content-type", "application/json")], body).into_response();
            }
            Form::Silence => std::future::pending().await,
            Form::Pieces(_) | Form::NoRest => {
                *self.ended.lock().unwrap() = Some((Instant::now(), id.clone()));
                return stream(format!("id: 0\nretry: {RETRY}\ndata: \n\n"));
            }
            Form::Own => json!({"jsonrpc": "2.0", "id": id, "error": error}),
            Form::Null => json!({"jsonrpc": "2.0", "id": null, "error": error}),
            Form::None => json!({"jsonrpc": "2.0", "error": error}),
        };
        (status, axum::Json(message)).into_response()
    }

    /// The next piece of the stream that `odd` began.
    fn poll(&self, last_event_id: String, headers: HeaderMap) -> Response {
        let (ended, id) = self.ended.lock().unwrap().clone().unwrap();
        let after = ended.elapsed().as_millis();
        let number: u64 = last_event_id.parse().unwrap();
        self.polls.lock().unwrap().push(Poll { last_event_id, after, headers });
        let saying = self.odd.lock().unwrap().unwrap();
        *self.ended.lock().unwrap() = Some((Instant::now(), id.clone()));
        let Form::Pieces(pieces) = saying.form else {
            return (StatusCode::from_u16(saying.status).unwrap(), saying.words).into_response();
        };
        let next = number + 1;
        if next < pieces {
            let note = |method: &str, params: Value| {
                format!(
                    "data: {}\n\n",
                    json!({"jsonrpc": "2.0", "method": method, "params": params})
                )
            };
            let progress =
                note("notifications/progress", json!({"progressToken": id, "progress": next}));
            let log =
                note("notifications/message", json!({"level": "error", "data": "of somebody"}));
            return stream(format!("id: {next}\n{progress}{log}"));
        }
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": fine()});
        stream(format!("id: {next}\nevent: message\ndata: {answer}\n\n"))
    }
}
