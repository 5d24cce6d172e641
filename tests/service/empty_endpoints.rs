//! Endpoints at which somebody has nothing: empty, and no different from those that do not exist.

use gatehall_store::EventFilter;
use gatehall_test_support::Kind;
use serde_json::json;

use crate::support::{Answer, Client, Recorder, World, eventually};

async fn scene() -> (World, Recorder) {
    let recorder = Recorder::start().await;
    let company = json!({
        "tenants": [{"id": "google"}, {"id": "microsoft"}, {"id": "closed", "enabled": false}, {"id": "bare"}],
        "servers": [{"id": "notes", "url": recorder.url()}],
        "connections": [
            {"tenant": "google", "server": "notes"},
            {"tenant": "microsoft", "server": "notes"},
            {"tenant": "closed", "server": "notes"},
        ],
        "users": [{"email": "alice@google.example"}, {"email": "nora@company.example"}],
        "grants": [{"user": "alice@google.example", "tenant": "google"}, {"user": "alice@google.example", "tenant": "closed"}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    world.has_tools(8).await;
    (world, recorder)
}

/// All that somebody can tell one answer from another by; `place` is what was asked for.
fn told(answer: &Answer, place: &str) -> (u16, String, Vec<(String, String)>) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.retain(|(name, _)| {
        !["date", "mcp-session-id", "etag", "content-length"].contains(&name.as_str())
    });
    headers.sort();
    (answer.status.as_u16(), answer.text.replace(place, "PLACE"), headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_with_nothing_is_empty_whether_or_not_it_exists() {
    let (world, _recorder) = scene().await;
    let alice = world.user("alice@google.example").await;
    let offer = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    for (nowhere, places) in [
        ("/mcp/nowhere", &["/mcp/microsoft", "/mcp/closed", "/mcp/bare"][..]),
        (
            "/mcp/nowhere/notes",
            &[
                "/mcp/microsoft/notes",
                "/mcp/closed/notes",
                "/mcp/bare/notes",
                "/mcp/google/nothing",
                "/mcp/-/notes",
                "/mcp/-/nothing",
            ],
        ),
    ] {
        for (method, params) in [
            ("initialize", &offer),
            ("tools/list", &json!({})),
            ("ping", &json!({})),
            ("tools/call", &json!({"name": "read_text", "arguments": {"text": "x"}})),
            ("tools/call", &json!({"name": "microsoft_notes_read_text"})),
            ("tools/list", &json!({"cursor": "x"})),
            ("no/such", &json!({})),
        ] {
            let expected = told(&alice.rpc(nowhere, method, params.clone()).await, nowhere);
            let modern = told(&alice.modern(nowhere, method, params.clone()).await, nowhere);
            for place in places {
                let what = format!("{place} {method}");
                let seen = alice.rpc(place, method, params.clone()).await;
                assert_eq!(told(&seen, place), expected, "{what}");
                let seen = alice.modern(place, method, params.clone()).await;
                assert_eq!(told(&seen, place), modern, "{what}");
            }
        }
        let opened = alice.rpc(nowhere, "initialize", offer.clone()).await.json();
        let hint = opened["result"]["instructions"].as_str().unwrap_or_default();
        assert!(hint.contains("no tools") && hint.contains("administrator"), "{opened}");
        let found = alice.modern(nowhere, "server/discover", json!({})).await.json();
        assert_eq!(found["result"]["instructions"], hint);
        let session = alice.session(nowhere).await;
        assert_eq!(session.tools(nowhere).await, [""; 0]);
        let stranger = Client::new(world.address(), "ghk_x_y");
        assert_eq!(stranger.rpc(nowhere, "tools/list", json!({})).await.status, 401);
    }
    // Whoever has something reads nothing about it, and whoever has nothing anywhere does.
    let opened = alice.rpc("/mcp", "initialize", offer.clone()).await.json();
    assert_eq!(opened["result"].get("instructions"), None);
    let nora = world.user("nora@company.example").await;
    let opened = nora.rpc("/mcp", "initialize", offer).await.json();
    assert!(opened["result"]["instructions"].as_str().unwrap().contains("administrator"));
    // What cannot be a name is no endpoint.
    for path in ["/mcp/%00", "/mcp/..%2fgoogle", "/mcp/google/%00"] {
        assert_eq!(alice.rpc(path, "tools/list", json!({})).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_with_nothing_is_empty_whether_or_not_its_tenant_exists() {
    let (world, _recorder) = scene().await;
    let alice = world.user("alice@google.example").await;
    let expected = told(&alice.get("/t/nowhere/openapi.json", &[]).await, "nowhere");
    assert_eq!(expected.0, 200);
    assert!(
        expected.1.contains("\"paths\":{}") && expected.1.contains("administrator"),
        "{}",
        expected.1
    );
    for tenant in ["microsoft", "closed", "bare"] {
        let seen = alice.get(&format!("/t/{tenant}/openapi.json"), &[]).await;
        assert_eq!(told(&seen, tenant), expected, "{tenant}");
    }
    for (tool, body) in [
        ("microsoft_notes_read_text", json!({"text": "x"})),
        ("search_tools", json!({"query": ""})),
        ("describe_tools", json!({"names": ["microsoft_notes_read_text"]})),
        ("call_tool", json!({"name": "microsoft_notes_read_text", "arguments": {}})),
    ] {
        let path = |tenant: &str| format!("/t/{tenant}/tools/{tool}");
        let expected = alice.operate(&path("nowhere"), body.clone()).await.seen();
        for tenant in ["microsoft", "closed", "bare"] {
            assert_eq!(
                alice.operate(&path(tenant), body.clone()).await.seen(),
                expected,
                "{tenant} {tool}"
            );
        }
    }
    // A key for a chat of one tenant finds nothing at another, and no error either.
    let chat = world.service_client(Some("google")).await;
    for tenant in ["microsoft", "nowhere"] {
        assert_eq!(
            chat.operations(&format!("/t/{tenant}/openapi.json")).await,
            [""; 0],
            "{tenant}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_a_guess_from_a_missing_grant() {
    let (world, _recorder) = scene().await;
    let alice = world.user("alice@google.example").await;
    for (path, name, reason) in [
        ("/mcp/microsoft/notes", "read_text", "no grant allows it"),
        ("/mcp/nowhere/notes", "read_text", "there is no such tool"),
    ] {
        alice.call(path, name, json!({"text": "x"})).await;
        let filter =
            EventFilter { outcome: Some("denied".into()), limit: 10, ..EventFilter::default() };
        eventually("the refusal is recorded", async || {
            let events = world.desk.store().events(&filter).await.unwrap();
            events.iter().any(|it| it.reason.as_deref() == Some(reason)).then_some(())
        })
        .await;
    }
}
