//! What a server asks of its client while it works on a request: it is answered, since the server
//! may wait for that.

use gatehall_test_support::{Kind, program};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Reply, Told, World, eventually, welcome};

const ADA: &str = "ada@company.example";

/// A server that answers a call with what it heard when it asked before.
const SERVER: &str = r#"
import json, sys
def say(**message): print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
def ask(id, method):
    say(id=id, method=method, params={})
    while True:
        m = json.loads(sys.stdin.readline())
        if m.get("id") == id: return m
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m: continue
    if m["method"] == "initialize":
        heard = [ask("before", "roots/list")]
        say(id=m["id"], result={"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}})
    elif m["method"] == "tools/list": say(id=m["id"], result={"tools": [{"name": "act", "inputSchema": {"type": "object"}}]})
    elif m["method"] == "tools/call":
        heard = heard + [ask("p", "ping"), ask(7, "sampling/createMessage"), ask("e", "elicitation/create")]
        say(id=m["id"], result={"content": [{"type": "text", "text": json.dumps(heard)}]})
    else: say(id=m["id"], error={"code": -32601, "message": "Method not found"})
"#;

fn unknown(id: impl Into<Value>) -> Value {
    let error = json!({"code": -32601, "message": "Method not found"});
    json!({"jsonrpc": "2.0", "id": id.into(), "error": error})
}

fn there(id: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": {}})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_asks_is_answered_whoever_calls_it() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("server.py");
    std::fs::write(&file, SERVER).unwrap();
    let server = |id: &str, stateful: bool| json!({"id": id, "command": program("python3"), "arguments": [file], "stateful": stateful});
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [server("shared", false), server("own", true)],
        "connections": [
            {"tenant": "google", "server": "shared"},
            {"tenant": "google", "server": "own"},
        ],
        "users": [{"email": ADA, "admin": true}],
    });
    let world =
        World::with(Kind::Sqlite, company, |settings| settings.call_timeout_seconds = 20).await;
    world.has_tools(2).await;
    let ada = world.user(ADA).await;
    for face in ["/mcp/google/shared", "/mcp/google/own"] {
        let answer = ada.call(face, "act", json!({})).await.message();
        let text = answer["result"]["content"][0]["text"].as_str();
        let heard: Vec<Value> =
            serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap();
        assert_eq!(heard, [unknown("before"), there("p"), unknown(7), unknown("e")], "{face}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_asks_on_the_stream_of_a_request_is_answered() {
    let asks = |of: &str| {
        ["ping", "sampling/createMessage"].map(|method| {
            json!({"jsonrpc": "2.0", "id": format!("{of} {method}"), "method": method}).to_string()
        })
    };
    let told = Told::start(move |message| {
        let of = message["method"].as_str()?;
        let result = match of {
            "initialize" => return Some(welcome(json!({})).into()),
            "tools/list" => json!({"tools": [{"name": "act", "inputSchema": {"type": "object"}}]}),
            "tools/call" => json!({"content": []}),
            _ => return None,
        };
        Some(Reply { notes: asks(of).to_vec(), ..result.into() })
    })
    .await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "s", "url": told.url}],
        "connections": [{"tenant": "google", "server": "s"}],
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    world.has_tools(1).await;
    let ada = world.user(ADA).await;
    let answer = ada.call("/mcp", "google_s_act", json!({})).await.message();
    assert_eq!(answer["result"]["content"], json!([]), "{answer}");
    for of in ["tools/list", "tools/call"] {
        for (method, expected) in
            [("ping", there as fn(&str) -> Value), ("sampling/createMessage", |id| unknown(id))]
        {
            let id = format!("{of} {method}");
            let answered = async || told.answered(&id);
            assert_eq!(eventually("it is answered", answered).await, expected(&id));
        }
    }
}
