//! Progress, log and cancellation, between the eras.

use std::time::Duration;

use gatehall_test_support::Kind;
use serde_json::{Value, json};

use crate::support::{Client, Program, Recorder, World, eventually, free_port, modern_params};

const ADA: &str = "ada@company.example";

struct Scene {
    _world: World,
    recorder: Recorder,
    _everything: Program,
    ada: Client,
}

/// A modern server and a legacy one.
async fn scene() -> Scene {
    let recorder = Recorder::start().await;
    let everything = Program::everything(free_port()).await;
    let world = World::new(
        Kind::Sqlite,
        json!({
            "tenants": [{"id": "google"}],
            "servers": [
                {"id": "modern", "url": recorder.url()},
                {"id": "legacy", "url": format!("{}/mcp", everything.url)},
            ],
            "connections": [
                {"tenant": "google", "server": "modern"},
                {"tenant": "google", "server": "legacy"},
            ],
            "users": [{"email": ADA, "admin": true}],
        }),
    )
    .await;
    let ada = world.user(ADA).await;
    Scene { _world: world, recorder, _everything: everything, ada }
}

fn of_method<'a>(events: &'a [Value], method: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["method"] == method).map(|event| &event["params"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_and_log_arrive_on_the_calls_stream() {
    let scene = scene().await;
    let slow = json!({"name": "trigger-long-running-operation", "arguments": {"duration": 0.6, "steps": 3}, "_meta": {"progressToken": "mine"}});
    let count = json!({"name": "count", "arguments": {}, "_meta": {"progressToken": 7, "io.modelcontextprotocol/logLevel": "info"}});
    for (face, params, token) in
        [("/mcp/google/legacy", &slow, json!("mine")), ("/mcp/google/modern", &count, json!(7))]
    {
        let legacy = scene.ada.rpc(face, "tools/call", params.clone()).await;
        let modern = scene.ada.modern(face, "tools/call", params.clone()).await;
        for answer in [legacy, modern] {
            let events = answer.events();
            let progress = of_method(&events, "notifications/progress");
            assert_eq!(progress.len(), 3, "{events:?}");
            assert!(
                progress
                    .iter()
                    .all(|it| it["progressToken"] == token && it["total"].as_f64() == Some(3.0))
            );
            assert_eq!(
                progress.iter().map(|it| it["progress"].as_f64().unwrap()).sum::<f64>(),
                6.0
            );
            let last = events.last().unwrap();
            assert!(last["result"]["content"][0]["text"].is_string(), "{last}");
            if face.ends_with("modern") {
                let logged = of_method(&events, "notifications/message");
                assert_eq!(logged.len(), 3, "{events:?}");
                assert_eq!(
                    (&logged[0]["level"], &logged[2]["data"]),
                    (&json!("warning"), &json!(3))
                );
            }
        }
    }
    // Who did not ask for it hears none of it.
    let params = json!({"name": "count", "arguments": {}});
    let quiet = scene.ada.modern("/mcp/google/modern", "tools/call", params).await;
    assert_eq!(quiet.message()["result"]["content"][0]["text"], "3");
    assert!(!quiet.text.contains("notifications/"), "{}", quiet.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_is_cancelled_at_the_server() {
    let scene = scene().await;
    let face = "/mcp/google/modern";
    let wait = json!({"name": "wait", "arguments": {"milliseconds": 120_000}});
    let under_way = async |count: usize| {
        eventually("the call is under way", async || {
            let calls = scene.recorder.seen();
            let calls = calls.iter().filter(|seen| seen.headers.contains("tools/call")).count();
            (calls >= count).then_some(())
        })
        .await;
    };

    // A modern client hangs up.
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": modern_params(wait.clone())});
    let headers = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "wait"),
    ];
    let call = scene.ada.post(face, &headers, body.to_string());
    tokio::select! {
        answer = call => panic!("{answer:?}"),
        () = under_way(1) => {}
    }
    eventually("hanging up arrives", async || (scene.recorder.cancelled() == 1).then_some(()))
        .await;

    // A legacy client says so; its answer never comes.
    let legacy = scene.ada.session(face).await;
    let calling = {
        let legacy = legacy.clone();
        tokio::spawn(async move { legacy.rpc(face, "tools/call", wait).await })
    };
    under_way(2).await;
    eventually("the cancellation arrives", async || {
        let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
        assert_eq!(legacy.post(face, &[], cancel.to_string()).await.status, 202);
        (scene.recorder.cancelled() == 2).then_some(())
    })
    .await;
    let answer = tokio::time::timeout(Duration::from_secs(20), calling).await.unwrap().unwrap();
    assert!(answer.status == 200 && answer.events().is_empty(), "{answer:?}");
}
