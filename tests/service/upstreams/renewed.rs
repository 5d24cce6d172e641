//! A connection that gets other credentials goes on as it is: what is under way ends with those
//! before, and what comes later has the new ones.

use gatehall_control::operation::{
    NewSecret,
    connection::{ConnectionEdit, NewCredential, change as change_connection},
};
use gatehall_domain::Placement;
use gatehall_test_support::{Kind, program};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::support::{Client, Told, World, eventually, welcome};

const ADA: &str = "ada@company.example";

/// A server whose tool answers with its secret, once a file is there.
const SERVER: &str = r#"
import json, os, pathlib, sys, threading, time
def say(id, **more): print(json.dumps({"jsonrpc": "2.0", "id": id, **more}), flush=True)
def act(id, until):
    pathlib.Path(until + ".begun").touch()
    while not os.path.exists(until): time.sleep(0.01)
    say(id, result={"content": [{"type": "text", "text": os.environ["SECRET"]}]})
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m: continue
    if m["method"] == "initialize": say(m["id"], result={"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}})
    elif m["method"] == "tools/list": say(m["id"], result={"tools": [{"name": "act", "inputSchema": {"type": "object"}}]})
    elif m["method"] == "tools/call": threading.Thread(target=act, args=(m["id"], m["params"]["arguments"]["until"])).start()
    else: say(m["id"], error={"code": -32601, "message": "Method not found"})
"#;

async fn renew(world: &World, placement: &str, secret: &str) {
    let edit = ConnectionEdit {
        credentials: vec![NewCredential {
            placement: placement.parse::<Placement>().unwrap(),
            secret: NewSecret::Value(secret.into()),
            expires_at: None,
        }],
        ..Default::default()
    };
    let (path, now) = ("google/s".parse().unwrap(), world.desk.clock().now());
    world
        .change(|snapshot| {
            change_connection(snapshot.company(), world.desk.vault(), &path, &edit, now)
        })
        .await;
}

fn company(mut server: Value) -> Value {
    server["id"] = "s".into();
    json!({
        "tenants": [{"id": "google"}],
        "servers": [server],
        "connections": [{"tenant": "google", "server": "s", "concurrent_calls": 1}],
        "users": [{"email": ADA, "admin": true}],
    })
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

fn act(ada: &Client, until: &str) -> JoinHandle<Value> {
    let (ada, arguments) = (ada.clone(), json!({"until": until}));
    tokio::spawn(async move { ada.call("/mcp", "google_s_act", arguments).await.message() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_keeps_its_secret_and_its_place() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("server.py");
    std::fs::write(&file, SERVER).unwrap();
    for stateful in [false, true] {
        let server = json!({"command": program("python3"), "arguments": [file],
            "credential_variables": ["SECRET"], "stateful": stateful});
        let world = World::new(Kind::Sqlite, company(server)).await;
        renew(&world, "environment:SECRET", "the first").await;
        world.has_tools(1).await;
        let ada = world.user(ADA).await;
        let free = folder.path().join(format!("free-{stateful}"));
        let free = free.to_str().unwrap();
        let held = act(&ada, free);
        eventually("the call is under way", async || {
            std::fs::exists(format!("{free}.begun")).unwrap().then_some(())
        })
        .await;
        renew(&world, "environment:SECRET", "the second").await;
        // It is one connection still, with one place for calls.
        let other = act(&ada, free).await.unwrap();
        assert!(text(&other).contains("is busy"), "{other}");
        std::fs::write(free, "").unwrap();
        assert_eq!(text(&held.await.unwrap()), "the first");
        assert_eq!(text(&act(&ada, free).await.unwrap()), "the second");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_http_is_spoken_to_anew_at_once() {
    let told = Told::start(|message| match message["method"].as_str()? {
        "initialize" => Some(welcome(json!({})).into()),
        "tools/list" => {
            Some(json!({"tools": [{"name": "act", "inputSchema": {"type": "object"}}]}).into())
        }
        "tools/call" => Some(json!({"content": []}).into()),
        _ => None,
    })
    .await;
    let world = World::new(Kind::Sqlite, company(json!({"url": told.url}))).await;
    world.has_tools(1).await;
    let ada = world.user(ADA).await;
    for secret in ["one", "two", "three"] {
        renew(&world, "header:x-key", secret).await;
        let with_it = async |method: &str| {
            let asked = told.asked(method);
            let key = asked.last().and_then(|(_, headers)| headers.get("x-key").cloned());
            key.is_some_and(|key| key == secret).then_some(())
        };
        // Nobody has to ask for that.
        for method in ["initialize", "tools/list"] {
            eventually("it is asked with the new key", async || with_it(method).await).await;
        }
        let answer = ada.call("/mcp", "google_s_act", json!({})).await.message();
        assert_eq!(answer["result"]["content"], json!([]), "{answer}");
        assert!(with_it("tools/call").await.is_some(), "{secret}");
    }
}
