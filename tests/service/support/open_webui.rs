//! An Open WebUI as its administrators use it, with as much of its API as they need, and what
//! 0.12.4 was seen to answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Client, SECRET, chat::signed_for};

/// The API key of its administrator.
pub(crate) const API_KEY: &str = "sk-of-ines";
/// Its administrator, who has this password.
pub(crate) const INES: &str = "ines@company.example";
pub(crate) const PASSWORD: &str = "the password of Ines";
/// The header by which it is told who signs in.
pub(crate) const HEADER: &str = "X-User-Email";

#[derive(Clone)]
pub(crate) struct OpenWebUi {
    pub(crate) url: String,
    state: Arc<Mutex<Inside>>,
}

/// Something that happens once.
type Happening = Box<dyn FnOnce() + Send>;

pub(crate) struct Inside {
    pub(crate) connections: Vec<Value>,
    /// By id: name, description, members.
    pub(crate) groups: BTreeMap<String, (String, String, BTreeSet<String>)>,
    pub(crate) models: Vec<Value>,
    /// By id: the address.
    pub(crate) accounts: BTreeMap<String, String>,
    /// All that was asked, with what was sent.
    pub(crate) asked: Vec<String>,
    /// It answers nothing of use.
    pub(crate) is_away: bool,
    /// What it answers to this in place of what it knows.
    pub(crate) instead: Option<(&'static str, Value)>,
    /// It believes whoever reaches it.
    pub(crate) believes: bool,
    /// What happens before it answers this for the first time.
    pub(crate) before: Option<(&'static str, Happening)>,
    sessions: BTreeSet<String>,
    number: u32,
}

impl OpenWebUi {
    pub(crate) async fn start() -> Self {
        let accounts = [("ines", INES), ("alice", "alice@google.example")];
        let state = Arc::new(Mutex::new(Inside {
            connections: Vec::new(),
            groups: BTreeMap::new(),
            models: Vec::new(),
            accounts: accounts.map(|(id, email)| (id.to_owned(), email.to_owned())).into(),
            asked: Vec::new(),
            is_away: false,
            instead: None,
            believes: false,
            before: None,
            sessions: BTreeSet::new(),
            number: 0,
        }));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.state.lock().unwrap()
    }

    /// The members of the group of this name.
    pub(crate) fn members(&self, name: &str) -> Option<Vec<String>> {
        let inside = self.inside();
        let (.., members) = inside.groups.values().find(|(it, ..)| it == name)?;
        Some(members.iter().cloned().collect())
    }

    /// How often something was asked that begins so.
    pub(crate) fn count(&self, begin: &str) -> usize {
        self.inside().asked.iter().filter(|it| it.starts_with(begin)).count()
    }
}

impl Inside {
    fn is_admin(&self, token: &str) -> bool {
        token == API_KEY || self.sessions.contains(token)
    }

    /// Ends all sessions, as a restart with another secret does.
    pub(crate) fn end_sessions(&mut self) {
        self.sessions.clear();
    }

    fn sign_in(&mut self, email: &str) -> Response {
        self.number += 1;
        let token = format!("session-{}", self.number);
        self.sessions.insert(token.clone());
        let role = if email == INES { "admin" } else { "user" };
        fine(json!({"token": token, "id": "ines", "email": email, "role": role}))
    }

    fn answer(&mut self, way: &str, body: &Value) -> Response {
        let parts: Vec<&str> = way.split(['/', ' ']).filter(|it| !it.is_empty()).collect();
        match (way, parts.as_slice()) {
            ("GET /api/v1/auths/", _) => {
                fine(json!({"id": "ines", "email": INES, "role": "admin"}))
            }
            ("GET /api/v1/auths/admin/config", _) => {
                fine(json!({"ENABLE_SIGNUP": false, "DEFAULT_USER_ROLE": "pending"}))
            }
            ("GET /api/v1/configs/tool_servers", _) => {
                fine(json!({"TOOL_SERVER_CONNECTIONS": self.connections}))
            }
            ("POST /api/v1/configs/tool_servers", _) => {
                self.connections = body["TOOL_SERVER_CONNECTIONS"].as_array().unwrap().clone();
                fine(json!({"TOOL_SERVER_CONNECTIONS": self.connections}))
            }
            ("POST /api/v1/configs/tool_servers/verify", _) => fine(json!({"status": true})),
            ("GET /api/v1/models/all", _) => fine(Value::Array(self.models.clone())),
            ("GET /api/models/base", _) => fine(json!({"data": [{"id": "gpt", "name": "GPT"}]})),
            ("POST /api/v1/models/create", _) => {
                self.models.push(body.clone());
                fine(body.clone())
            }
            ("POST /api/v1/models/model/delete", _) => {
                self.models.retain(|it| it["id"] != body["id"]);
                fine(json!(true))
            }
            ("GET /api/v1/users/all", _) => {
                let one = |(id, email): (&String, &String)| {
                    let role = if email == INES { "admin" } else { "user" };
                    json!({"id": id, "email": email, "role": role, "name": "Gatehall check"})
                };
                fine(json!({"users": self.accounts.iter().map(one).collect::<Vec<_>>()}))
            }
            ("GET /api/v1/groups/", _) => {
                let one = |(id, (name, description, _)): (&String, &(String, String, _))| json!({"id": id, "name": name, "description": description});
                fine(self.groups.iter().map(one).collect())
            }
            ("POST /api/v1/groups/create", _) => {
                self.number += 1;
                let id = format!("g{}", self.number);
                let text = |name: &str| body[name].as_str().unwrap().to_owned();
                let group = (text("name"), text("description"), BTreeSet::new());
                self.groups.insert(id.clone(), group);
                fine(json!({"id": id}))
            }
            (_, ["GET", "api", "v1", "models", model]) if model.starts_with("model?id=") => {
                let id = &model["model?id=".len()..];
                match self.models.iter().find(|it| it["id"] == id) {
                    Some(model) => fine(model.clone()),
                    None => refused(404, "We could not find what you're looking for :/"),
                }
            }
            ("POST /api/v1/models/model/access/update", _) => {
                for it in self.models.iter_mut().filter(|it| it["id"] == body["id"]) {
                    it["access_grants"] = body["access_grants"].clone();
                }
                fine(body.clone())
            }
            (_, ["POST", "api", "v1", "models", "model", update]) => {
                let id = update.strip_prefix("update?id=").unwrap();
                let was = self.models.iter().find(|it| it["id"] == id);
                // Who may use it is saved apart.
                let mut new = body.clone();
                new["access_grants"] =
                    was.map(|it| it["access_grants"].clone()).unwrap_or_default();
                self.models.retain(|it| it["id"] != id);
                self.models.push(new.clone());
                fine(new)
            }
            (_, ["POST", "api", "v1", "auths", "add"]) => {
                let email = body["email"].as_str().unwrap().to_owned();
                self.number += 1;
                let id = format!("made-{}", self.number);
                self.accounts.insert(id.clone(), email);
                fine(json!({"id": id, "token": id}))
            }
            (_, ["DELETE", "api", "v1", "users", id]) => {
                self.accounts.remove(*id);
                fine(json!(true))
            }
            (_, [method, "api", "v1", "groups", "id", id, rest @ ..]) => {
                let Some((name, description, members)) = self.groups.get_mut(*id) else {
                    return refused(404, "We could not find what you're looking for :/");
                };
                let ids = body["user_ids"].as_array().into_iter().flatten();
                let ids = ids.map(|it| it.as_str().unwrap().to_owned());
                match (*method, rest) {
                    ("POST", ["users", "add"]) => members.extend(ids),
                    ("POST", ["users", "remove"]) => ids.for_each(|it| {
                        members.remove(&it);
                    }),
                    ("POST", ["update"]) => {
                        body["name"].as_str().unwrap().clone_into(name);
                        body["description"].as_str().unwrap().clone_into(description);
                    }
                    ("DELETE", ["delete"]) => {
                        self.groups.remove(*id);
                        return fine(json!(true));
                    }
                    _ => {}
                }
                fine(json!({"name": name, "description": description, "user_ids": members}))
            }
            _ => Html("<!doctype html>").into_response(),
        }
    }
}

fn fine(body: Value) -> Response {
    axum::Json(body).into_response()
}

fn refused(status: u16, detail: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, axum::Json(json!({ "detail": detail }))).into_response()
}

async fn serve(State(state): State<Arc<Mutex<Inside>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let header = |name: &str| head.headers.get(name).and_then(|it| it.to_str().ok());
    let token = header("authorization").and_then(|it| it.strip_prefix("Bearer "));
    let token = token.unwrap_or_default().to_owned();
    let way = format!("{} {}", head.method, head.uri.path_and_query().unwrap());
    let asks_as = {
        let mut inside = state.lock().unwrap();
        inside.asked.push(format!("{way} {body}"));
        if let Some((_, act)) = inside.before.take_if(|(at, _)| *at == way) {
            act();
        }
        if inside.is_away {
            return refused(502, "away");
        }
        if let Some((_, answer)) = inside.instead.as_ref().filter(|(at, _)| *at == way) {
            return fine(answer.clone());
        }
        match way.as_str() {
            "GET /api/config" => {
                let features = json!({"auth": true, "auth_trusted_header": inside.believes});
                return fine(json!({"version": "0.12.4", "features": features}));
            }
            "POST /api/v1/auths/signin" if inside.believes => {
                return match header(HEADER).map(str::to_owned) {
                    Some(email) => inside.sign_in(&email),
                    None => refused(400, "Your provider has not provided a trusted header."),
                };
            }
            "POST /api/v1/auths/signin" if body["password"] == PASSWORD => {
                return inside.sign_in(INES);
            }
            "POST /api/v1/auths/signin" => {
                return refused(400, "The email or password provided is incorrect.");
            }
            "POST /api/v1/auths/signout" => {
                inside.sessions.remove(&token);
                return fine(json!({"status": true}));
            }
            "GET /api/v1/tools/id/server:mcp:gatehall/specs" => {
                let account = inside.accounts.get(&token).cloned();
                account.map(|email| (email, inside.connections.first().cloned()))
            }
            _ if !inside.is_admin(&token) => return refused(401, "Invalid token"),
            way => return inside.answer(way, &body),
        }
    };
    // What somebody is offered, it asks the gate for.
    let Some((email, Some(connection))) = asks_as else { return refused(401, "Invalid token") };
    let (url, key) = (connection["url"].as_str().unwrap(), connection["key"].as_str().unwrap());
    let gate = Client::new(url.trim_end_matches("/mcp").to_owned(), key);
    let gate = gate.with("x-openwebui-user-jwt", &signed_for(3600, &token, &email, SECRET));
    let list = gate.rpc("/mcp", "tools/list", json!({})).await.json();
    match list["result"]["tools"].as_array() {
        Some(tools) => fine(json!({ "specs": tools })),
        None => refused(502, "Failed to connect to MCP server 'gatehall'"),
    }
}
