//! Errors of servers, and results that say less than they should, between the eras.

use std::{process::Stdio, time::Duration};

use gatehall_store::EventFilter;
use gatehall_test_support::{Kind, root, tool};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Answer, Client, Scripted, World, eventually, modern_params};

const ADA: &str = "ada@company.example";

struct Scene {
    world: World,
    legacy: Scripted,
    modern: Scripted,
    ada: Client,
}

async fn scene() -> Scene {
    let (legacy, modern) = (Scripted::start(false).await, Scripted::start(true).await);
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "old", "url": legacy.url}, {"id": "new", "url": modern.url}],
        "connections": [{"tenant": "google", "server": "old"}, {"tenant": "google", "server": "new"}],
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    world.has_tools(2).await;
    let ada = world.user(ADA).await;
    Scene { world, legacy, modern, ada }
}

impl Scene {
    /// What a client of the legacy era and one of the modern era get of a server.
    async fn asked(&self, server: &str) -> (Answer, Answer) {
        let params = json!({"name": format!("google_{server}_act")});
        let legacy = self.ada.rpc("/mcp", "tools/call", params.clone()).await;
        (legacy, self.ada.modern("/mcp", "tools/call", params).await)
    }
}

fn error(answer: &Answer) -> (u16, i64) {
    let json = answer.json();
    (answer.status.as_u16(), json["error"]["code"].as_i64().unwrap_or_else(|| panic!("{json}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_keep_their_meaning_between_the_eras() {
    let scene = scene().await;
    // The code at the server, and what each client gets of a modern server and of a legacy one:
    // status and code, or a failed result (0).
    for (code, of_modern, of_legacy) in [
        (-32021, [(200, 0), (400, -32021)], [(200, -32021), (200, -32603)]),
        (-32020, [(200, 0), (200, 0)], [(200, -32020), (200, -32603)]),
        (-32022, [(200, 0), (200, 0)], [(200, -32022), (200, -32603)]),
        (-32050, [(200, -32603), (200, -32050)], [(200, -32050), (200, -32603)]),
        (-32600, [(200, -32600), (400, -32600)], [(200, -32600), (200, -32600)]),
        (-32601, [(200, -32601), (404, -32601)], [(200, -32601), (200, -32601)]),
        (-32602, [(200, -32602), (200, -32602)], [(200, -32602), (200, -32602)]),
        (-32603, [(200, -32603), (200, -32603)], [(200, -32603), (200, -32603)]),
        (-32002, [(200, -32002), (200, -32602)], [(200, -32002), (200, -32602)]),
        (-32001, [(200, -32001), (200, -32001)], [(200, -32001), (200, -32001)]),
        (-31999, [(200, -31999), (200, -31999)], [(200, -31999), (200, -31999)]),
    ] {
        let said = json!({"code": code, "message": "what the server says",
            "data": {"requiredCapabilities": {"elicitation": {}}}});
        for (server, name, expected) in
            [(&scene.modern, "new", of_modern), (&scene.legacy, "old", of_legacy)]
        {
            server.fails(200, &said);
            let (legacy, modern) = scene.asked(name).await;
            for (era, answer, expected) in
                [("legacy", legacy, expected[0]), ("modern", modern, expected[1])]
            {
                let what = format!("{code} of {name} to {era}: {}", answer.text);
                let json = answer.json();
                if expected.1 == 0 {
                    assert_eq!(json["result"]["isError"], true, "{what}");
                    assert_eq!(answer.status.as_u16(), expected.0, "{what}");
                    continue;
                }
                assert_eq!(error(&answer), expected, "{what}");
                assert_eq!(json["error"]["message"], "what the server says", "{what}");
                assert_eq!(json["error"]["data"], said["data"], "{what}");
                assert_eq!(json["id"], 1, "{what}");
            }
        }
    }
    // What is missing is named to those who do not know the code, also where HTTP says it, too.
    let missing = json!({"code": -32021, "message": "m",
        "data": {"requiredCapabilities": {"sampling": {}, "elicitation": {"form": {}}}}});
    scene.modern.fails(400, &missing);
    let (legacy, modern) = scene.asked("new").await;
    let text = legacy.json()["result"]["content"][0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("sampling") && text.contains("elicitation"), "{text}");
    assert_eq!((modern.status.as_u16(), &modern.json()["error"]), (400, &missing));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modern_client_always_hears_what_kind_of_result_it_is() {
    let scene = scene().await;
    for result in [
        json!({"content": []}),
        json!({}),
        json!({"content": [], "_meta": {"vendor/x": 1}, "structuredContent": {"a": [1]}}),
        json!({"content": [], "resultType": null, "isError": null, "structuredContent": null, "_meta": null}),
    ] {
        for (server, name) in [(&scene.legacy, "old"), (&scene.modern, "new")] {
            server.results(&result);
            let (legacy, modern) = scene.asked(name).await;
            let (legacy, modern) = (legacy.json()["result"].take(), modern.json()["result"].take());
            assert_eq!(modern["resultType"], "complete", "{name} {result}: {modern}");
            assert_eq!(legacy.get("resultType"), None, "{name} {result}: {legacy}");
            // A strict client takes no null for what is not there.
            for member in ["isError", "structuredContent", "_meta", "content"] {
                let of = |it: &Value| it.get(member).cloned();
                let known = of(&result).filter(|it| !it.is_null());
                assert_eq!(of(&legacy), known, "{name} {member}");
                if member != "_meta" {
                    assert_eq!(of(&modern), known, "{name} {member}");
                }
            }
        }
    }
}

fn asks_for_a_visit() -> Value {
    json!({"code": -32042, "message": "Sign in first", "data": {"elicitations": [
        {"mode": "url", "elicitationId": "e1", "url": "https://id.example/allow?x=1", "message": "Allow the calendar"},
        {"mode": "url", "elicitationId": "e2", "url": "javascript:alert(1)", "message": "no"},
    ]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_the_user_has_to_visit_reaches_them() {
    let scene = scene().await;
    scene.legacy.fails(200, &asks_for_a_visit());
    let (legacy, modern) = scene.asked("old").await;
    assert_eq!(legacy.json()["error"], asks_for_a_visit());

    // Whoever cannot show it reads it.
    let result = modern.json()["result"].take();
    assert_eq!((&result["isError"], &result["resultType"]), (&json!(true), &json!("complete")));
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("https://id.example/allow?x=1") && text.contains("calendar"), "{text}");
    assert!(!text.contains("javascript"), "{text}");

    // Whoever can is asked, and comes again.
    let mut params = modern_params(json!({"name": "google_old_act"}));
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    params["_meta"][capabilities] = json!({"elicitation": {"url": {}}});
    let call = async |params: &Value| {
        let body = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params});
        let headers = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "google_old_act"),
        ];
        scene.ada.post("/mcp", &headers, body.to_string()).await.json()["result"].take()
    };
    let asked = call(&params).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let requests = asked["inputRequests"].as_object().unwrap();
    assert_eq!(requests.len(), 1, "{asked}");
    let (key, request) = requests.iter().next().unwrap();
    assert_eq!(
        request,
        &json!({"method": "elicitation/create", "params": {
            "mode": "url", "message": "google/old asks: Allow the calendar", "url": "https://id.example/allow?x=1"}})
    );
    let mut again = params.clone();
    again["inputResponses"] = json!({key: {"action": "accept"}});
    // It is asked once: a server that is not content then is not asked about for ever.
    let ran = scene.legacy.ran();
    let still = call(&again).await;
    assert_eq!((&still["isError"], &still["resultType"]), (&json!(true), &json!("complete")));
    scene.legacy.results(json!({"content": [{"type": "text", "text": "the day is free"}]}));
    let done = call(&again).await;
    assert_eq!(done["content"][0]["text"], "the day is free", "{done}");
    assert_eq!(scene.legacy.ran(), ran + 2);

    scene.legacy.fails(200, &asks_for_a_visit());
    let operated = scene.ada.operate("/tools/google_old_act", json!({})).await;
    assert!(operated.text.contains("https://id.example/allow?x=1"), "{}", operated.text);
    assert_eq!(operated.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_client_visits_the_page_and_has_its_answer() {
    let scene = scene().await;
    scene.legacy.fails_once(asks_for_a_visit());
    let calls = json!([{"name": "google_old_act", "arguments": {}}]).to_string();
    let output = Command::new(tool("python/bin/python"))
        .arg(root().join("e2e/sdk/client.py"))
        .args(["modern", &format!("{}/mcp", scene.ada.url), &scene.ada.key, &calls, "visiting"])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen["results"][0]["result"]["content"][0]["text"], "fine", "{seen}");
    assert_eq!(scene.legacy.ran(), 2);
}

fn calls() -> EventFilter {
    EventFilter { action: Some("call".into()), limit: 50, ..EventFilter::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_ends_a_modern_call_and_no_legacy_one() {
    let scene = scene().await;
    scene.legacy.takes(Duration::from_millis(900));
    let outcomes = async || {
        let events = scene.world.desk.store().events(&calls()).await.unwrap();
        events.into_iter().map(|it| it.outcome).collect::<Vec<_>>()
    };
    let name = "google_old_act";
    let under_way = async |count: usize| {
        eventually("the call is under way", async || (scene.legacy.ran() == count).then_some(()))
            .await;
    };
    let session = scene.ada.session("/mcp").await;
    let streamed = json!({"name": name, "_meta": {"progressToken": 1}});
    for (count, call) in [
        (1, session.rpc("/mcp", "tools/call", json!({"name": name}))),
        (2, session.rpc("/mcp", "tools/call", streamed)),
    ] {
        tokio::select! {
            answer = call => panic!("{answer:?}"),
            () = under_way(count) => {}
        }
        eventually("the call runs to its end, which is recorded", async || {
            (outcomes().await == vec!["answered"; count]).then_some(())
        })
        .await;
    }
    let call = scene.ada.modern("/mcp", "tools/call", json!({"name": name}));
    tokio::select! {
        answer = call => panic!("{answer:?}"),
        () = under_way(3) => {}
    }
    eventually("the call is cancelled", async || {
        outcomes().await.iter().any(|it| it == "cancelled").then_some(())
    })
    .await;

    // A gate that stops lets it end, too, as far as it has time.
    scene.legacy.takes(Duration::from_millis(500));
    let call = session.rpc("/mcp", "tools/call", json!({"name": name}));
    tokio::select! {
        answer = call => panic!("{answer:?}"),
        () = under_way(4) => {}
    }
    let Scene { world, .. } = scene;
    world.service.stop(std::future::pending()).await;
    let store = gatehall_store::Store::open(&world.database.url).await.unwrap();
    let events = store.events(&calls()).await.unwrap();
    let answered = events.iter().filter(|it| it.outcome == "answered").count();
    assert_eq!(answered, 3, "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_calls_whose_client_is_gone_a_few_go_on_and_can_be_cancelled() {
    let scene = scene().await;
    scene.legacy.takes(Duration::from_secs(60));
    let cancelled = async |count: usize| {
        eventually(&format!("{count} calls are cancelled"), async || {
            let events = scene.world.desk.store().events(&calls()).await.unwrap();
            let found = events.iter().filter(|it| it.outcome == "cancelled").count();
            (found == count).then_some(())
        })
        .await;
    };
    let session = scene.ada.session("/mcp").await;
    for id in 1..=12 {
        let params = json!({"name": "google_old_act"});
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        tokio::select! {
            answer = session.post("/mcp", &[], body.to_string()) => panic!("{answer:?}"),
            () = eventually("the call is under way", async || {
                (scene.legacy.ran() == id).then_some(())
            }) => {}
        }
    }
    cancelled(4).await;
    for id in 1..=8 {
        let params = json!({"requestId": id});
        let body = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        assert_eq!(session.post("/mcp", &[], body.to_string()).await.status, 202);
    }
    cancelled(12).await;
}
