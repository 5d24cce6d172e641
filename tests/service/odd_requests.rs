//! Requests that are odd and not wrong, and wrong ones that have to be told the right reason.

use gatehall_test_support::Kind;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Recorder, World, modern_params};

const ALICE: &str = "alice@google.example";

async fn scene() -> (World, Recorder, Client) {
    let recorder = Recorder::start().await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "notes", "url": recorder.url()}, {"id": "web", "url": recorder.url(), "access": "public"}],
        "connections": [{"tenant": "google", "server": "notes"}, {"server": "web"}],
        "users": [{"email": ALICE}],
        "grants": [{"user": ALICE, "tenant": "google"}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    world.has_tools(8).await;
    let alice = world.user(ALICE).await;
    (world, recorder, alice)
}

/// Status, code and message of an error.
fn refusal(answer: &Answer) -> (u16, i64, String) {
    let error = answer.json()["error"].take();
    let message = error["message"].as_str().unwrap_or_else(|| panic!("{}", answer.text));
    (answer.status.as_u16(), error["code"].as_i64().unwrap(), message.to_owned())
}

const VERSION: &str = "mcp-protocol-version";

#[tokio::test(flavor = "multi_thread")]
async fn an_optional_member_that_is_null_is_not_there() {
    let (_world, _recorder, alice) = scene().await;
    let name = "google_notes_read_text";
    let call = |more: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}","arguments":{{"text":"x"}},{more}}}}}"#
        )
    };
    let list = |more: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list",{more}}}"#);
    for body in [
        list(r#""params":null"#),
        list(r#""params":{"cursor":null}"#),
        list(r#""params":{"_meta":null}"#),
        list(r#""params":{"_meta":{"progressToken":null}}"#),
        list(r#""result":null,"error":null"#),
        call(r#""_meta":null"#),
        call(r#""task":null"#),
        call(r#""_meta":{"progressToken":null,"traceparent":null}"#),
        call(r#""_meta":{"io.modelcontextprotocol/protocolVersion":null}"#),
        call(r#""inputResponses":null,"requestState":null"#),
    ] {
        let answer = alice.post("/mcp", &[], body.clone()).await;
        assert!(answer.message().get("result").is_some(), "{body}: {}", answer.text);
    }
    for body in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":null}"#,
        r#"{"jsonrpc":"2.0","id":4,"method":null,"params":null,"result":{},"error":null}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}"#,
    ] {
        assert_eq!(alice.post("/mcp", &[], body).await.status, 202, "{body}");
    }
    let mut params = modern_params(json!({"name": name, "arguments": {"text": "x"}, "task": null}));
    for member in
        ["io.modelcontextprotocol/logLevel", "io.modelcontextprotocol/clientInfo", "progressToken"]
    {
        params["_meta"][member] = Value::Null;
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let headers = [(VERSION, "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", name)];
    let answer = alice.post("/mcp", &headers, body.to_string()).await;
    assert_eq!(answer.message()["result"]["content"][0]["text"], "x", "{}", answer.text);
    // What has to be there is not there then.
    for (body, code) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":null}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":null}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":null}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":null,"result":null,"error":null}"#, -32600),
        (r#"{"jsonrpc":null,"id":1,"method":"ping"}"#, -32600),
    ] {
        assert_eq!(refusal(&alice.post("/mcp", &[], body).await).1, code, "{body}");
    }
    // Twice is twice, also with nothing.
    let twice = call(r#""_meta":null,"_meta":{"progressToken":1}"#);
    assert_eq!(alice.post("/mcp", &[], twice).await.status, 400);

    for (path, body) in [
        ("/tools/search_tools", json!({"query": null, "limit": null})),
        ("/tools/google_notes_count", Value::Null),
        ("/tools/call_tool", json!({"name": "google_notes_count", "arguments": null})),
    ] {
        let answer = alice.operate(path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_at_the_end_changes_nothing() {
    let (world, _recorder, alice) = scene().await;
    let stranger = Client::new(world.address(), "ghk_x_y");
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    for path in ["/mcp", "/mcp/google", "/mcp/google/notes", "/mcp/-/web", "/mcp/nowhere"] {
        let slashed = format!("{path}/");
        assert_eq!(alice.tools(&slashed).await, alice.tools(path).await, "{path}");
        for (client, headers) in [
            (&alice, vec![]),
            (&alice, vec![("host", "evil.example")]),
            (&alice, vec![("origin", "https://evil.example")]),
            (&alice, vec![("content-type", "text/plain")]),
            (&stranger, vec![]),
        ] {
            let without = client.post(path, &headers, list).await;
            let with = client.post(&slashed, &headers, list).await;
            assert_eq!(with.seen(), without.seen(), "{path} {headers:?}");
            assert!(!with.headers.contains_key("location"), "{with:?}");
        }
        assert_eq!(alice.get(&slashed, &[]).await.seen(), alice.get(path, &[]).await.seen());
        // A session is one of both.
        let session = alice.session(path).await;
        assert_eq!(session.rpc(&slashed, "ping", json!({})).await.status, 200, "{path}");
    }
    assert!(!alice.tools("/mcp/google/").await.is_empty());
    for path in ["/openapi.json", "/t/google/openapi.json"] {
        let slashed = alice.get(&format!("{path}/"), &[]).await;
        assert_eq!(slashed.seen(), alice.get(path, &[]).await.seen(), "{path}");
        assert_eq!(slashed.status, 200);
        assert_eq!(stranger.get(&format!("{path}/"), &[]).await.status, 401);
    }
    for path in ["/tools/google_notes_read_text/", "/t/google/tools/google_notes_read_text/"] {
        assert_eq!(alice.operate(path, json!({"text": "x"})).await.text, "x", "{path}");
    }
    // A slash too many is another path, and none of the gate's.
    for path in [
        "//mcp",
        "/mcp//",
        "/mcp//google",
        "/mcp/google//",
        "/mcp/google//notes",
        "/mcp/google/notes//",
        "//openapi.json",
        "/tools//x",
    ] {
        assert_eq!(alice.post(path, &[], list).await.status, 404, "{path}");
    }
    for path in ["/t//openapi.json", "/t/google//openapi.json", "/openapi.json//"] {
        assert_eq!(alice.get(path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_of_a_resource_is_found_with_a_slash() {
    let recorder = Recorder::start().await;
    let company = json!({
        "servers": [{"id": "web", "url": recorder.url(), "access": "public"}],
        "connections": [{"server": "web"}],
        "users": [{"email": ALICE}],
        "providers": [{"id": "entra", "issuer": "http://127.0.0.1:9", "client_id": "x", "audiences": ["gate"]}],
    });
    let world = World::with(Kind::Sqlite, company, |settings| {
        settings.doors.public_url = Some("https://gate.example".parse().unwrap());
    })
    .await;
    let nobody = Client::new(world.address(), "ghk_x_y");
    for path in ["/mcp", "/mcp/", "/mcp/google/"] {
        let refused = nobody.post(path, &[], "{}").await;
        let challenge = refused.headers["www-authenticate"].to_str().unwrap();
        let named = format!("\"https://gate.example/.well-known/oauth-protected-resource{path}\"");
        assert!(challenge.contains(&named), "{challenge}");
        let found = nobody.get(&format!("/.well-known/oauth-protected-resource{path}"), &[]).await;
        assert_eq!(found.json()["resource"], format!("https://gate.example{path}"), "{path}");
    }
    for path in ["/mcp//", "/mcp//x", "/other/"] {
        let found = nobody.get(&format!("/.well-known/oauth-protected-resource{path}"), &[]).await;
        assert_eq!(found.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_has_the_address_that_clients_use() {
    let company = json!({
        "users": [{"email": ALICE}],
        "providers": [{"id": "entra", "issuer": "http://127.0.0.1:9", "client_id": "x", "audiences": ["gate"]}],
    });
    let world = World::with(Kind::Sqlite, company, |settings| {
        settings.doors.public_url = Some("https://admin.gate.example".parse().unwrap());
        settings.doors.client_url = Some("https://mcp.gate.example".parse().unwrap());
    })
    .await;
    let nobody = Client::new(world.address(), "ghk_x_y");
    let refused = nobody.post("/mcp", &[], "{}").await;
    let challenge = refused.headers["www-authenticate"].to_str().unwrap();
    let metadata = "/.well-known/oauth-protected-resource/mcp";
    assert!(challenge.contains(&format!("\"https://mcp.gate.example{metadata}\"")), "{challenge}");
    let found = nobody.get(metadata, &[]).await;
    assert_eq!(found.json()["resource"], "https://mcp.gate.example/mcp");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_version_is_told_the_right_reason() {
    let (_world, _recorder, alice) = scene().await;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let batch = format!("[{list}]");
    let modern = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": modern_params(json!({}))}).to_string();
    let response = json!({"jsonrpc": "2.0", "id": 1, "result": {}}).to_string();
    let both = (VERSION, "2025-06-18, 2025-06-18");
    for (headers, body, status, code, reason) in [
        (vec![(VERSION, "1999-01-01")], &list, 400, -32022, "1999-01-01"),
        (vec![(VERSION, "1999-01-01")], &batch, 400, -32022, "1999-01-01"),
        (vec![(VERSION, "1999-01-01")], &response, 400, -32022, "1999-01-01"),
        (vec![(VERSION, "")], &list, 400, -32600, "empty"),
        (vec![(VERSION, "")], &batch, 400, -32600, "empty"),
        (vec![(VERSION, "")], &response, 400, -32600, "empty"),
        (vec![both], &list, 400, -32600, "once"),
        (vec![both], &batch, 400, -32600, "once"),
        (vec![(VERSION, "2025-06-18"), (VERSION, "2025-06-18")], &list, 400, -32600, "once"),
        (vec![(VERSION, "")], &modern, 400, -32020, "2026-07-28"),
        (vec![(VERSION, "2025-06-18")], &modern, 400, -32020, "2026-07-28"),
        (vec![(VERSION, "1999-01-01")], &modern, 400, -32020, "2026-07-28"),
        (vec![(VERSION, "2026-07-28")], &list, 400, -32602, "_meta"),
        (vec![(VERSION, "2026-07-28")], &response, 400, -32600, "response"),
        (vec![(VERSION, "2026-07-28")], &batch, 400, -32600, "batches"),
        (vec![(VERSION, "2025-11-25")], &batch, 400, -32600, "batches"),
    ] {
        let answer = alice.post("/mcp", &headers, body.clone()).await;
        let (seen_status, seen_code, message) = refusal(&answer);
        assert_eq!((seen_status, seen_code), (status, code), "{headers:?} {body}: {}", answer.text);
        assert!(message.contains(reason), "{headers:?} {body}: {message}");
        if code == -32022 {
            let data = answer.json()["error"]["data"].take();
            assert!(data["supported"].as_array().unwrap().contains(&json!("2025-11-25")), "{data}");
            assert_eq!(data["requested"], "1999-01-01");
        }
    }
    // A session has one revision.
    let session = alice.session("/mcp").await;
    for (version, expected) in [("2025-11-25", 200), ("2025-06-18", 400), ("2025-03-26", 400)] {
        let answer = session.post("/mcp", &[(VERSION, version)], list.clone()).await;
        assert_eq!(answer.status, expected, "{version}");
        if expected == 400 {
            let (_, code, message) = refusal(&answer);
            assert_eq!(code, -32600, "{message}");
            assert!(message.contains("2025-11-25") && message.contains(version), "{message}");
        }
    }
    assert!(refusal(&session.post("/mcp", &[], batch.clone()).await).2.contains("batches"));
    // Whatever a handshake comes with, it agrees on a revision.
    let offer = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}}).to_string();
    for version in ["2025-11-25", "1999-01-01"] {
        let opened = alice.post("/mcp", &[(VERSION, version)], offer.clone()).await;
        assert_eq!(opened.json()["result"]["protocolVersion"], "2025-06-18", "{version}");
    }
    // Notifications of the newest revision say nothing here, with envelope or without.
    let note =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let enveloped =
        json!({"jsonrpc": "2.0", "method": "notifications/x", "params": modern_params(json!({}))});
    for note in [note, enveloped] {
        let taken = alice.post("/mcp", &[(VERSION, "2026-07-28")], note.to_string()).await;
        assert_eq!(taken.status, 202, "{note}: {}", taken.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_and_responses_are_told_the_right_reason() {
    let (_world, _recorder, alice) = scene().await;
    let offer = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-03-26"}});
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    for (body, reason) in [
        (json!([offer, ping]).to_string(), "initialize"),
        (json!([]).to_string(), "1 to 50"),
        (r#"{"jsonrpc":"2.0","result":{}}"#.to_owned(), "id"),
        (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#.to_owned(), "id"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#.to_owned(), "not both"),
    ] {
        let (status, code, message) = refusal(&alice.post("/mcp", &[], body.clone()).await);
        assert_eq!((status, code), (400, -32600), "{body}: {message}");
        assert!(message.contains(reason), "{body}: {message}");
    }
    let response = json!({"jsonrpc": "2.0", "id": 1, "result": {}}).to_string();
    for body in [response.clone(), format!("[{response}]")] {
        assert_eq!(alice.post("/mcp", &[], body).await.status, 202);
    }
}
