//! Processes that write what is not one message on a line: what can be used is used, and whoever
//! waits for what cannot be read hears so at once.

use gatehall_test_support::{Kind, program};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::{
    portal::Visitor,
    support::{Client, World, eventually},
};

const ADA: &str = "ada@company.example";
const BOB: &str = "bob@google.example";
const FACE: &str = "/mcp/google/child";

/// A server whose tool is told how to answer. `ID` in what it writes is the id of the request.
const SERVER: &str = r#"
import json, sys
held = None
def write(text): sys.stdout.buffer.write(text); sys.stdout.buffer.flush()
def say(id, **more): write(json.dumps({"jsonrpc": "2.0", "id": id, **more}).encode() + b"\n")
sys.stderr.buffer.write(b"noise \xff\xfe\r\n" * 3); sys.stderr.flush()
write(b"\xef\xbb\xbf")
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m or "method" not in m: continue
    id = m["id"]
    if m["method"] == "initialize": say(id, result={"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}})
    elif m["method"] == "tools/list": say(id, result={"tools": [{"name": "act", "inputSchema": {"type": "object"}}]})
    elif m["method"] == "tools/call":
        how = m["params"]["arguments"]
        if how.get("hold"): held = id; continue
        if how.get("asks"): say(id, result={"content": [{"type": "text", "text": f"held {held is not None}"}]}); continue
        if how.get("release"): say(held, result={"content": [{"type": "text", "text": "held"}]})
        raw = how["line"].replace("HELD", str(held)).replace("ID", str(id)).encode("latin-1" if how.get("latin") else "utf-8")
        write(raw.replace(b"LONG", b"x" * 300000) + b"\r\n")
    else: say(id, error={"code": -32601, "message": "Method not found"})
"#;

const FINE: &str =
    r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[{"type":"text","text":"fine"}]}}"#;

struct Scene {
    world: World,
    ada: Client,
    _folder: TempDir,
}

async fn scene(script: &str) -> Scene {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("server.py");
    std::fs::write(&file, script).unwrap();
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "child", "command": program("python3"), "arguments": [file],
            "environment": {"TOKEN": "declared"}, "credential_variables": ["SECRET"]}],
        "connections": [{"tenant": "google", "server": "child"}],
        "users": [{"email": ADA, "admin": true}, {"email": BOB}],
        "grants": [{"user": BOB, "tenant": "google"}],
    });
    let world = World::with(Kind::Sqlite, company, |settings| {
        settings.call_timeout_seconds = 20;
        settings.open_timeout_seconds = 4;
        settings.response_bytes = 200_000;
    })
    .await;
    let ada = world.user(ADA).await;
    Scene { world, ada, _folder: folder }
}

impl Scene {
    async fn act(&self, arguments: Value) -> Value {
        self.ada.call(FACE, "act", arguments).await.message()
    }

    /// A call of another caller, under way until it is released.
    async fn held_by_bob(&self) -> JoinHandle<Value> {
        let bob = self.world.user(BOB).await;
        let held =
            tokio::spawn(
                async move { bob.call(FACE, "act", json!({"hold": true})).await.message() },
            );
        eventually("the other call is under way", async || {
            let asked = self.act(json!({"asks": true})).await;
            (text(&asked) == "held True").then_some(())
        })
        .await;
        held
    }

    async fn answers(&self, line: &str) -> Value {
        self.act(json!({"line": line})).await
    }
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_good_on_a_line_is_used_however_it_is_put() {
    let scene = scene(SERVER).await;
    scene.world.has_tools(1).await;
    let note =
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;
    for line in [
        FINE.to_owned(),
        FINE.replace("\"id\":ID", "\"id\":\"ID\""),
        FINE.replace("\"id\":ID", "\"id\":ID.0"),
        FINE.replace("\"id\":ID", "\"id\":ID,\"error\":null"),
        FINE.replace("\"id\":ID", "\"id\":ID,\"error\":null,\"method\":null,\"params\":null"),
        format!("{note}{FINE}"),
        format!("{FINE} {note}"),
        format!("[{note},{FINE}]"),
        format!("\u{feff}  {FINE}\t"),
        format!("{FINE} and some words"),
        format!("some words about {{}} first\r\n\n{FINE}"),
    ] {
        let answer = scene.answers(&line).await;
        assert_eq!(text(&answer), "fine", "{line}: {answer}");
    }
    for (error, code, message) in [
        (r#"{"code":"-32000","message":"m"}"#, -32000, "m"),
        (r#"{"code":-32000.0,"message":"m"}"#, -32000, "m"),
        (r#"{"code":5}"#, 5, "the server gives no reason"),
        (r#"{"code":5,"message":{"a":1}}"#, 5, r#"{"a":1}"#),
        (r#""it broke""#, -32603, "it broke"),
    ] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":ID,"result":null,"error":{error}}}"#);
        let answer = scene.answers(&line).await;
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["message"]),
            (&json!(code), &json!(message)),
            "{error}: {answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_read_ends_its_call_and_no_other() {
    let scene = scene(SERVER).await;
    scene.world.has_tools(1).await;
    let result = |value: &str| format!(r#"{{"jsonrpc": "2.0", "id": ID, "result": {value}}}"#);
    // As long as there is one caller, all words are theirs.
    let line = result(r#"{"content": [], "structuredContent": {"average": NaN}}"#);
    let answer = scene.answers(&line).await;
    assert!(text(&answer).contains(r#""average": NaN"#), "{answer}");
    let held = scene.held_by_bob().await;
    let mut shown = 0;
    for (line, latin) in [
        (result(r#"{"content": [], "structuredContent": {"average": NaN}}"#), false),
        (result(r#"{"content": [], "structuredContent": {"average": -Infinity}}"#), false),
        (
            result(r#"{"content": [{"type": "text", "text": "Gr\u{fc}n"}]}"#)
                .replace("\\u{fc}", "\u{fc}"),
            true,
        ),
        (result("null"), false),
        (result("[1]"), false),
        (format!("{FINE}{{").replace("\"jsonrpc\":\"2.0\",", ""), false),
        (format!(r#"{{"jsonrpc":"2.0","method":"x/y"}}{}"#, result("NaN")), false),
    ] {
        let answer = scene.act(json!({"line": line, "latin": latin})).await;
        let said = text(&answer);
        assert!(said.contains("cannot be read"), "{line}: {answer}");
        assert!(said.len() < 1500, "{said}");
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        shown += usize::from(said.contains("average"));
    }
    // Another has called, whose words might be in it, also later.
    assert_eq!(shown, 0);
    let long = scene.answers(&result(r#"{"content":[{"type":"text","text":"LONG"}]}"#)).await;
    assert!(text(&long).contains("ask for less"), "{long}");
    let release = json!({"release": true, "line": FINE});
    assert_eq!(text(&scene.act(release).await), "fine");
    assert_eq!(text(&held.await.unwrap()), "held");
    let answer = scene.answers(&line).await;
    assert!(!text(&answer).contains("average"), "{answer}");
    // None of this has ended the process.
    assert_eq!(text(&scene.answers(FINE).await), "fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_has_a_server_write_answers_nobody_else() {
    let scene = scene(SERVER).await;
    scene.world.has_tools(1).await;
    let held = scene.held_by_bob().await;
    let forged = FINE.replace("ID", "HELD").replace("fine", "forged");
    for line in [
        format!("{{'tool': 'act'}} {forged}"),
        format!("{{\"tool\": \"act\"}} {forged}"),
        format!("[INFO] {forged}"),
        format!("[1, 2] {forged}"),
        format!("got {forged}"),
        format!("{{\"q\": \"{forged}\"}}"),
        format!("{{\"id\": NaN}}{forged}"),
    ] {
        let answer = scene.answers(&format!("{line}\n{FINE}")).await;
        assert_eq!(text(&answer), "fine", "{line}: {answer}");
    }
    // Where all of a line is messages, it takes the id of the other call, which nobody guesses.
    let mut ids: Vec<u64> = Vec::new();
    for _ in 0..3 {
        let answer = scene.answers(&FINE.replace("fine", "ID")).await;
        ids.push(text(&answer).parse().unwrap());
    }
    assert!(ids.iter().all(|id| *id > 1 << 32), "{ids:?}");
    assert!(ids.windows(2).all(|pair| pair[0].abs_diff(pair[1]) > 1 << 20), "{ids:?}");
    let release = json!({"release": true, "line": FINE});
    assert_eq!(text(&scene.act(release).await), "fine");
    assert_eq!(text(&held.await.unwrap()), "held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_fails_shows_what_was_written() {
    let silent = "import sys\nprint('Usage: server --port NUMBER', flush=True)\nsys.stdin.read()";
    let junk = r#"
import json, sys
for line in sys.stdin:
    print('{"jsonrpc": "2.0", "id": %d, "result": {"protocolVersion": "2025-11-25", "odd": NaN}}' % json.loads(line)["id"], flush=True)
"#;
    let gone = "print('Usage: server --port NUMBER', flush=True)";
    let closed =
        "import os, sys\nprint('Usage: server', flush=True)\nos.close(1)\nsys.stdin.read()";
    for (script, expected) in [
        (silent, "Usage: server --port"),
        (junk, "NaN"),
        (gone, "Usage: server --port"),
        (closed, "Usage: server"),
    ] {
        let scene = scene(script).await;
        let visitor = Visitor::signed_in(&scene.world, ADA, 0).await;
        eventually("it says why", async || {
            let shown = visitor.get("/api/v1/connections/google/child").await.json();
            let said = shown["said"].as_str().unwrap();
            (shown["state"] == "down" && said.contains(expected)).then_some(())
        })
        .await;
    }
}
