//! What a server says of itself and of its troubles, and whoever reads that: the secrets that it
//! was given are not in it.

use std::{
    fs::File,
    process::{Command, Stdio},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use gatehall_test_support::Kind;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{ADA, TINA, Visitor};
use crate::{
    program::Serving,
    support::{World, eventually, free_port},
};

const SECRET: &str = "S3CR3T-of/the+server-4711";
const IN_BASE64: &str = "UzNDUjNULW9mL3RoZStzZXJ2ZXItNDcxMQ==";
/// What every server below says beside the secret.
const TOLD: &str = "TOLD";
const OVER_HTTP: [&str; 9] =
    ["s500", "s400", "s307", "handshake", "junk", "kind", "info", "definition", "list"];

/// Repeats the credential, in the way that the address names.
async fn repeat(request: Request) -> Response {
    let way = request.uri().path().trim_matches('/').to_owned();
    // Until it is given a credential.
    let Some(sent) = request.headers().get("authorization") else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let sent = sent.to_str().unwrap().to_owned();
    let bare = sent.strip_prefix("Bearer ").unwrap().to_owned();
    let told = format!("{TOLD} bad token {sent}");
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (id, method) = (&message["id"], message["method"].as_str().unwrap_or_default());
    let answer = |status: u16, kind: &str, text: String| {
        let answer = Response::builder().status(status).header("content-type", kind);
        answer.body(Body::from(text)).unwrap()
    };
    let ok = |mut message: Value| {
        message["jsonrpc"] = "2.0".into();
        message["id"] = id.clone();
        answer(200, "application/json", message.to_string())
    };
    match (way.as_str(), method) {
        ("s500", _) => answer(500, "text/plain", told),
        ("s400", _) => answer(400, "text/plain", format!("{TOLD} {IN_BASE64}")),
        ("s307", _) => {
            let query = url::form_urlencoded::byte_serialize(bare.as_bytes()).collect::<String>();
            let place = format!("http://127.0.0.1:9/{TOLD}?token={query}");
            (StatusCode::TEMPORARY_REDIRECT, [("location", place)]).into_response()
        }
        ("handshake", "initialize") => ok(json!({"error": {"code": -32600, "message": told}})),
        // What is shown of it ends within the secret.
        ("junk", _) => {
            answer(200, "application/json", format!("{TOLD}{}{sent}", " junk".repeat(12)))
        }
        ("kind", _) => answer(200, &format!("text/{TOLD}-{bare}"), String::new()),
        (_, "initialize") => {
            let info = match way.as_str() {
                "info" => json!({"name": told, "version": bare}),
                _ => json!({"name": "plain", "version": "1"}),
            };
            ok(json!({"result": {"protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}}, "serverInfo": info}}))
        }
        ("definition", "tools/list") => {
            ok(json!({"result": {"tools": [{"name": told, "inputSchema": 7}]}}))
        }
        ("list", "tools/list") => ok(json!({"result": {"tools": told}})),
        (_, "tools/list") => ok(json!({"result": {"tools": []}})),
        (_, "notifications/initialized") => StatusCode::ACCEPTED.into_response(),
        _ => ok(json!({"error": {"code": -32601, "message": "Method not found"}})),
    }
}

/// A company whose servers repeat what they were given.
async fn company() -> World {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(repeat)).await });
    let script = format!("echo \"{TOLD} bad key $KEY\" >&2; exit 3");
    let mut servers = vec![json!({"id": "process", "command": "/bin/sh",
        "arguments": ["-c", script], "credential_variables": ["KEY"]})];
    let over_http = OVER_HTTP.map(|id| json!({"id": id, "url": format!("http://{address}/{id}")}));
    servers.extend(over_http);
    let connections: Vec<Value> =
        servers.iter().map(|it| json!({"tenant": "google", "server": it["id"]})).collect();
    let world = World::new(
        Kind::Sqlite,
        json!({
            "tenants": [{"id": "google"}],
            "servers": servers,
            "connections": connections,
            "groups": [{"name": "MCP-Admin"}],
            "users": [{"email": ADA, "groups": ["MCP-Admin"]},
                {"email": TINA, "manages": ["google"]}],
        }),
    )
    .await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    for (server, place) in [("process", "environment:KEY")]
        .into_iter()
        .chain(OVER_HTTP.map(|id| (id, "header:Authorization:Bearer")))
    {
        let fields = [("placement", place), ("secret", SECRET)];
        ada.post(&format!("/connections/google/{server}/credentials"), &fields).await.revision();
    }
    world
}

fn program(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatehall"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GATEHALL_")) {
        command.env_remove(name);
    }
    command.env("GATEHALL_STDIO_UIDS", "none").arg("--data-dir");
    command.arg(world.database.folder.path()).args(arguments).stdin(Stdio::null());
    command
}

/// Whether a text has the secret, or how it begins.
fn leaks(text: &str) -> bool {
    [&SECRET[..4], &IN_BASE64[..6]].iter().any(|it| text.contains(it))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_what_is_quoted_of_a_server() {
    let world = company().await;
    let (ada, tina) =
        (Visitor::signed_in(&world, ADA, 0).await, Visitor::signed_in(&world, TINA, 0).await);
    let log = world.database.folder.path().join("log");
    let listen = format!("127.0.0.1:{}", free_port());
    let mut serve = program(&world, &["serve", "--listen", &listen]);
    serve.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
    let _serving = Serving(serve.spawn().unwrap());
    eventually("the gate listens", async || tokio::net::TcpStream::connect(&listen).await.ok())
        .await;
    let address = format!("http://{listen}");
    let (ada, tina) = (ada.at(&address).await, tina.at(&address).await);

    let mut seen = Vec::new();
    for server in OVER_HTTP.into_iter().chain(["process"]) {
        let page = format!("/connections/google/{server}");
        let shown = eventually(&format!("{server} is quoted"), async || {
            let shown = tina.get(&page).await.text;
            shown.contains(TOLD).then_some(shown)
        })
        .await;
        seen.push((format!("page {server}"), shown));
        let view = tina.get(&format!("/api/v1{page}")).await.text;
        let test = format!("/api/v1{page}/test");
        let tested = tina.send(Method::POST, &test, &[]).await.text;
        // Only a look at the whole list says more.
        assert!(view.contains(TOLD), "{server}: {view}");
        assert!(tested.contains(TOLD) || server == "definition", "{server}: {tested}");
        seen.extend([(format!("API {server}"), view), (format!("test {server}"), tested)]);
        let path = format!("/connections/google/{server}/test");
        seen.push((format!("test page {server}"), tina.post(&path, &[]).await.text));
    }
    for page in ["/overview", "/connections", "/api/v1/overview", "/api/v1/connections"] {
        seen.push((page.to_owned(), ada.get(page).await.text));
    }
    let checked = program(&world, &["check"]).output().unwrap();
    let checked = [checked.stdout, checked.stderr].concat();
    seen.push(("check".to_owned(), String::from_utf8(checked).unwrap()));
    seen.push(("log".to_owned(), std::fs::read_to_string(&log).unwrap()));
    for (place, least) in [("check", 9), ("log", 8), ("/overview", 1)] {
        let (_, text) = seen.iter().find(|it| it.0 == place).unwrap();
        assert!(text.matches(TOLD).count() >= least, "{place}: {text}");
    }
    let leaking: Vec<_> = seen.iter().filter(|it| leaks(&it.1)).map(|it| &it.0).collect();
    assert_eq!(leaking, Vec::<&String>::new());
}
