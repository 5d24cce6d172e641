//! Streams that end before the answer and are taken up again.

use gatehall_test_support::{Kind, root, tool};
use serde_json::{Value, json};

use crate::support::{Client, Forgetful, Form, Program, RETRY, Saying, World, free_port};

const ADA: &str = "ada@company.example";

async fn gate(url: &str) -> (World, Client) {
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "s", "url": url}],
        "connections": [{"tenant": "google", "server": "s"}],
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::with(Kind::Sqlite, company, |settings| {
        settings.call_timeout_seconds = 3;
        settings.refresh_seconds = 3600;
    })
    .await;
    world.has_tools(2).await;
    let ada = world.user(ADA).await;
    (world, ada)
}

fn pieces(status: u16, form: Form) -> Saying {
    Saying { status, form, words: "no rest" }
}

fn text(message: &Value) -> &str {
    message["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{message}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_is_asked_for_its_rest_and_the_call_runs_once() {
    let server = Forgetful::start().await;
    let (_world, ada) = gate(&server.url).await;
    server.says(pieces(200, Form::Pieces(3)));
    let params = json!({
        "name": "google_s_odd",
        "_meta": {"progressToken": "t", "io.modelcontextprotocol/logLevel": "debug"},
    });
    let events = ada.modern("/mcp", "tools/call", params).await.events();
    assert_eq!(text(events.last().unwrap()), "fine");
    assert_eq!(server.runs(), 1);
    let polls = server.polls();
    let ids: Vec<&str> = polls.iter().map(|it| it.last_event_id.as_str()).collect();
    assert_eq!(ids, ["0", "1", "2"]);
    for poll in polls {
        assert!(poll.after >= RETRY, "it was to wait {RETRY} ms, and waited {}", poll.after);
        let header = |name: &str| poll.headers[name].to_str().unwrap();
        assert_eq!(header("accept"), "text/event-stream");
        assert_eq!(header("mcp-session-id"), "session-0");
        assert_eq!(header("mcp-protocol-version"), "2025-11-25");
    }
    // Progress names its request. What names none may be another caller's, since some servers hand
    // out what there is for everybody, whatever is asked.
    let progress = events.iter().filter(|it| it["method"] == "notifications/progress");
    assert_eq!(progress.count(), 2, "{events:?}");
    assert!(!events.iter().any(|it| it["method"] == "notifications/message"), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_a_rest_ends_the_call_and_nothing_is_sent_again() {
    let server = Forgetful::start().await;
    let (_world, ada) = gate(&server.url).await;
    for (saying, asked, said) in [
        (pieces(405, Form::NoRest), 1, "did not answer as it should"),
        (pieces(404, Form::NoRest), 1, "did not answer as it should"),
        (pieces(200, Form::NoRest), 1, "did not answer as it should"),
        (pieces(503, Form::NoRest), 3, "did not answer as it should"),
    ] {
        server.says(saying);
        let (runs, polls) = (server.runs(), server.polls().len());
        let answer = ada.call("/mcp", "google_s_odd", json!({})).await.message();
        assert!(text(&answer).contains(said), "{saying:?}: {answer}");
        assert_eq!(server.runs(), runs + 1, "{saying:?}");
        assert_eq!(server.polls().len(), polls + asked, "{saying:?}");
    }
    server.says(pieces(200, Form::Pieces(u64::MAX)));
    let (runs, polls) = (server.runs(), server.polls().len());
    let answer = ada.call("/mcp", "google_s_odd", json!({})).await.message();
    assert!(text(&answer).contains("did not answer in time"), "{answer}");
    assert_eq!(server.runs(), runs + 1);
    assert!(server.polls().len() > polls + 1, "it was asked until the time was over");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_closes_streams_and_is_asked_again() {
    let script = root().join("e2e/sdk/polling_server.py").display().to_string();
    let server = Program::start(&tool("python/bin/python"), &[script], free_port()).await;
    let (_world, ada) = gate(&format!("{}/mcp", server.url)).await;
    let params = json!({"name": "google_s_close_often", "arguments": {"times": 2}});
    let answer = ada.rpc("/mcp", "tools/call", params).await.message();
    assert_eq!(text(&answer), "closed 2 times");
    let runs = ada.call("/mcp", "google_s_runs", json!({})).await.message();
    assert_eq!(text(&runs), "1");
}
