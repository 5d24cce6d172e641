//! What clients send wrongly, in each era: the first rule that breaks is the answer, and nothing
//! reaches a server.

use gatehall_test_support::Kind;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Recorder, World, modern_params};

const ALICE: &str = "alice@google.example";

async fn scene() -> (World, Recorder, Client) {
    let recorder = Recorder::start().await;
    let world = World::with(Kind::Sqlite, company(&recorder), |settings| {
        settings.request_bytes = 10_000;
        settings.page_tools = 2;
    })
    .await;
    world.has_tools(4).await;
    let alice = world.user(ALICE).await;
    (world, recorder, alice)
}

fn company(recorder: &Recorder) -> Value {
    json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "notes", "url": recorder.url()}],
        "connections": [{"tenant": "google", "server": "notes"}],
        "users": [{"email": ALICE}],
        "grants": [{"user": ALICE, "tenant": "google"}],
    })
}

/// Status, and the code of the JSON-RPC error.
fn code(answer: &Answer) -> (u16, i64) {
    let json = answer.json();
    assert_eq!(json["jsonrpc"], "2.0", "{json}");
    let message = json["error"]["message"].as_str().unwrap_or_else(|| panic!("{json}"));
    assert!(!message.is_empty());
    (answer.status.as_u16(), json["error"]["code"].as_i64().unwrap())
}

fn message(id: Value, method: &str, params: Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn legacy_requests_are_checked() {
    let (_world, recorder, alice) = scene().await;
    let before = recorder.seen().len();
    let list = message(json!(1), "tools/list", json!({}));
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let name = r#""name":"google_notes_read_text""#;
    let body = |params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
    };
    let many: String = (0..100).map(|n| format!(r#""m{n}":0,"#)).collect();
    for (what, headers, body, expected) in [
        ("no accepted stream", vec![("accept", "application/json")], list.clone(), (406, -32600)),
        ("no accepted JSON", vec![("accept", "text/event-stream")], list.clone(), (406, -32600)),
        ("other content", vec![("content-type", "text/plain")], list.clone(), (415, -32600)),
        (
            "unknown version",
            vec![("mcp-protocol-version", "1999-01-01")],
            list.clone(),
            (400, -32022),
        ),
        ("no JSON", vec![], "{".into(), (400, -32700)),
        ("nothing", vec![], String::new(), (400, -32700)),
        ("a number", vec![], "7".into(), (400, -32600)),
        ("not UTF-8", vec![], "\u{0}".into(), (400, -32700)),
        ("null id", vec![], message(Value::Null, "ping", json!({})), (400, -32600)),
        ("broken id", vec![], message(json!(1.5), "ping", json!({})), (400, -32600)),
        ("params of a wrong kind", vec![], message(json!(1), "ping", json!([1])), (400, -32602)),
        ("unknown method", vec![], message(json!(1), "no/such", json!({})), (200, -32601)),
        ("prompts", vec![], message(json!(1), "prompts/list", json!({})), (200, -32601)),
        ("modern method", vec![], message(json!(1), "server/discover", json!({})), (200, -32601)),
        ("no name", vec![], body("{}"), (200, -32602)),
        ("name of a wrong kind", vec![], body(r#"{"name":7}"#), (200, -32602)),
        (
            "arguments of a wrong kind",
            vec![],
            body(&format!(r#"{{{name},"arguments":[1]}}"#)),
            (200, -32602),
        ),
        (
            "token of a wrong kind",
            vec![],
            body(&format!(r#"{{{name},"_meta":{{"progressToken":{{}}}}}}"#)),
            (200, -32602),
        ),
        (
            "argument twice",
            vec![],
            body(&format!(r#"{{{name},"arguments":{{"a":1,"a":2}}}}"#)),
            (200, -32602),
        ),
        ("name twice", vec![], body(&format!(r#"{{{name},"name":"microsoft_x"}}"#)), (400, -32602)),
        (
            "name twice, once escaped",
            vec![],
            body(&format!(r#"{{{name},"n\u0061me":"x"}}"#)),
            (400, -32602),
        ),
        (
            "id twice",
            vec![],
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#.into(),
            (400, -32600),
        ),
        (
            "method twice",
            vec![],
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#.into(),
            (400, -32600),
        ),
        (
            "meta twice",
            vec![],
            body(&format!(r#"{{{name},"_meta":{{}},"_meta":{{}}}}"#)),
            (400, -32602),
        ),
        ("many members", vec![], body(&format!("{{{many}{name}}}")), (400, -32602)),
        (
            "deep nesting",
            vec![],
            body(&format!(r#"{{{name},"arguments":{{"a":{}}}}}"#, &deep[..4000])),
            (400, -32600),
        ),
        ("too large", vec![], " ".repeat(10_001), (413, -32600)),
        (
            "bad level",
            vec![],
            message(json!(1), "logging/setLevel", json!({"level": "loud"})),
            (200, -32602),
        ),
        ("no version offered", vec![], message(json!(1), "initialize", json!({})), (200, -32602)),
        (
            "bad cursor",
            vec![],
            message(json!(1), "tools/list", json!({"cursor": 7})),
            (200, -32602),
        ),
    ] {
        let answer = alice.post("/mcp", &headers, body).await;
        assert_eq!(code(&answer), expected, "{what}: {}", answer.text);
    }
    assert_eq!(recorder.seen().len(), before, "something reached the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn modern_requests_are_checked() {
    let (_world, recorder, alice) = scene().await;
    let before = recorder.seen().len();
    let name = "google_notes_read_text";
    let call = json!({"name": name, "arguments": {"text": "x"}});
    let good = modern_params(call.clone());
    let version = ("mcp-protocol-version", "2026-07-28");
    let method = ("mcp-method", "tools/call");
    let named = ("mcp-name", name);
    let meta = |key: &str, value: Value| {
        let mut params = good.clone();
        params["_meta"][key] = value;
        params
    };
    let other_version = meta("io.modelcontextprotocol/protocolVersion", json!("2030-01-01"));
    for (what, headers, params, expected) in [
        ("no meta at all", vec![version, method, named], call.clone(), (400, -32602)),
        (
            "no capabilities",
            vec![version, method, named],
            meta("io.modelcontextprotocol/clientCapabilities", json!("x")),
            (400, -32602),
        ),
        (
            "version of a wrong kind",
            vec![version, method, named],
            meta("io.modelcontextprotocol/protocolVersion", json!(7)),
            (400, -32602),
        ),
        ("no version header", vec![method, named], good.clone(), (400, -32020)),
        (
            "legacy version header",
            vec![("mcp-protocol-version", "2025-06-18"), method, named],
            good.clone(),
            (400, -32020),
        ),
        ("no method header", vec![version, named], good.clone(), (400, -32020)),
        (
            "another method",
            vec![version, ("mcp-method", "tools/list"), named],
            good.clone(),
            (400, -32020),
        ),
        ("no name header", vec![version, method], good.clone(), (400, -32020)),
        (
            "another name",
            vec![version, method, ("mcp-name", "microsoft_notes_read_text")],
            good.clone(),
            (400, -32020),
        ),
        (
            "name in other letters",
            vec![version, method, ("mcp-name", "GOOGLE_notes_read_text")],
            good.clone(),
            (400, -32020),
        ),
        (
            "broken encoding",
            vec![version, method, ("mcp-name", "=?base64?%%%?=")],
            good.clone(),
            (400, -32020),
        ),
        ("version twice", vec![version, version, method, named], good.clone(), (400, -32020)),
        ("method twice", vec![version, method, method, named], good.clone(), (400, -32020)),
        ("name twice", vec![version, method, named, named], good.clone(), (400, -32020)),
        (
            "unknown version",
            vec![("mcp-protocol-version", "2030-01-01"), method, named],
            other_version,
            (400, -32022),
        ),
    ] {
        let answer = alice.post("/mcp", &headers, message(json!(1), "tools/call", params)).await;
        assert_eq!(code(&answer), expected, "{what}: {}", answer.text);
        assert_eq!(answer.json()["id"], 1, "{what}: every error names its request");
        if expected.1 == -32022 {
            let data = answer.json()["error"]["data"].clone();
            assert_eq!(data["requested"], "2030-01-01");
            assert!(data["supported"].as_array().unwrap().contains(&json!("2026-07-28")));
        }
    }
    for retired in ["ping", "initialize", "logging/setLevel", "resources/subscribe", "no/such"] {
        let answer = alice.modern("/mcp", retired, json!({})).await;
        assert_eq!(code(&answer), (404, -32601), "{retired}");
    }
    let batch = format!("[{}]", message(json!(1), "tools/list", modern_params(json!({}))));
    let answer = alice.post("/mcp", &[version, ("mcp-method", "tools/list")], batch).await;
    assert_eq!(code(&answer), (400, -32600));
    let response = json!({"jsonrpc": "2.0", "id": 1, "result": {}}).to_string();
    assert_eq!(code(&alice.post("/mcp", &[version], response).await), (400, -32600));
    let silent =
        alice.post("/mcp", &[version, ("accept", "application/json")], String::new()).await;
    assert_eq!(code(&silent), (406, -32600));
    assert_eq!(recorder.seen().len(), before, "something reached the server");

    // A session id means nothing in this era, and an encoded name is as good as a plain one.
    let encoded = "=?base64?Z29vZ2xlX25vdGVzX3JlYWRfdGV4dA==?=";
    let headers = [version, method, ("mcp-name", encoded), ("mcp-session-id", "whatever")];
    let answer = alice.post("/mcp", &headers, message(json!("a"), "tools/call", good)).await;
    assert_eq!(answer.json()["result"]["content"][0]["text"], "x", "{}", answer.text);
    assert!(answer.headers.get("mcp-session-id").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_hosts_origins_and_proofs_are_refused() {
    let (world, _recorder, alice) = scene().await;
    for path in ["/mcp", "/mcp/google", "/mcp/google/notes"] {
        let answer = alice.get(path, &[]).await;
        assert_eq!(code(&answer), (405, -32600), "{path}");
        assert!(answer.headers["allow"].to_str().unwrap().contains("POST"));
    }
    let list = message(json!(1), "tools/list", json!({}));
    for (header, value) in
        [("host", "evil.example"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let answer = alice.post("/mcp", &[(header, value)], list.clone()).await;
        assert_eq!(code(&answer), (403, -32600), "{header}: {value}");
        let answer = alice.get("/openapi.json", &[(header, value)]).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (403, &json!(403)));
    }
    let own = world.address();
    assert_eq!(alice.post("/mcp", &[("origin", &own)], list.clone()).await.status, 200);

    for key in ["", "ghk_x_y", "sk-123", &alice.key[..alice.key.len() - 2]] {
        let stranger = Client::new(own.clone(), key);
        let answer = stranger.post("/mcp", &[], list.clone()).await;
        assert_eq!(code(&answer), (401, -32600), "{key}");
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        let answer = stranger.get("/openapi.json", &[]).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.status, 401);
        // A stranger is told so before anything of the request is looked at.
        assert_eq!(
            stranger.post("/mcp/nowhere", &[("content-type", "text/plain")], "junk").await.status,
            401
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_negotiate_and_end() {
    let (_world, _recorder, alice) = scene().await;
    let offer = |version: &str| json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    for (asked, answered) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let answer = alice.rpc("/mcp", "initialize", offer(asked)).await;
        assert_eq!(answer.json()["result"]["protocolVersion"], answered, "{asked}");
    }
    let opened = alice.rpc("/mcp", "initialize", offer("2025-06-18")).await;
    let id = opened.headers["mcp-session-id"].to_str().unwrap();
    let session = alice.with("mcp-session-id", id).with("mcp-protocol-version", "2025-06-18");
    let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    let accepted = session.post("/mcp", &[], note).await;
    assert_eq!((accepted.status.as_u16(), accepted.text.as_str()), (202, ""));
    let response = json!({"jsonrpc": "2.0", "id": 5, "result": {}}).to_string();
    assert_eq!(session.post("/mcp", &[], response).await.status, 202);
    assert_eq!(session.rpc("/mcp", "ping", json!({})).await.json()["result"], json!({}));

    let http = reqwest::Client::new();
    let delete = || {
        http.delete(format!("{}/mcp", alice.url))
            .bearer_auth(&alice.key)
            .header("mcp-session-id", id)
            .send()
    };
    assert_eq!(delete().await.unwrap().status(), 204);
    assert_eq!(delete().await.unwrap().status(), 404);
    assert_eq!(session.rpc("/mcp", "ping", json!({})).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_belong_to_one_revision() {
    let (_world, recorder, alice) = scene().await;
    let read = json!({"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": {"name": "google_notes_read_text", "arguments": {"text": "hi"}}});
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        read,
        {"jsonrpc": "2.0", "id": 3, "method": "no/such"},
        {"jsonrpc": "2.0", "id": null, "method": "ping"},
    ]);
    let answer = alice.post("/mcp", &[], batch.to_string()).await.json();
    assert_eq!(answer.as_array().unwrap().len(), 4, "{answer}");
    assert_eq!(answer[1]["result"]["content"][0]["text"], "hi");
    assert_eq!((&answer[2]["id"], &answer[2]["error"]["code"]), (&json!(3), &json!(-32601)));
    assert_eq!(answer[3]["error"]["code"], -32600);

    // A batch is refused as a whole, before any of it is done.
    let reached = recorder.seen().len();
    let refused = json!([read, {"jsonrpc": "2.0", "id": 9, "method": "ping", "params": modern_params(json!({}))}]);
    assert_eq!(alice.post("/mcp", &[], refused.to_string()).await.status, 400);
    assert_eq!(recorder.seen().len(), reached);

    let later = [("mcp-protocol-version", "2025-06-18")];
    assert_eq!(code(&alice.post("/mcp", &later, "[1]").await), (400, -32600));
    assert_eq!(code(&alice.post("/mcp", &later, batch.to_string()).await), (400, -32600));
    let many: Vec<Value> =
        (0..51).map(|id| json!({"jsonrpc": "2.0", "id": id, "method": "ping"})).collect();
    for bad in ["[]".to_owned(), json!(many).to_string()] {
        assert_eq!(code(&alice.post("/mcp", &[], bad).await), (400, -32600));
    }
    let notes = json!([{"jsonrpc": "2.0", "method": "notifications/initialized"}]).to_string();
    assert_eq!(alice.post("/mcp", &[], notes).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages() {
    let (_world, _recorder, alice) = scene().await;
    let pages = alice.pages("/mcp").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    let mut names = pages.concat();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4);
}
