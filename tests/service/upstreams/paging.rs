//! Lists that do not end, and hints about them that are odd: what was read is served, the reason is
//! shown, and the server is not asked all the time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use gatehall_test_support::Kind;
use serde_json::{Value, json};

use crate::{
    portal::Visitor,
    program::Home,
    support::{Reply, Told, World},
};

const ADA: &str = "ada@company.example";

fn tool(name: &str) -> Value {
    json!({"name": name, "inputSchema": {"type": "object"}})
}

/// A server whose list has these pages, by their number; in each look the numbers go on.
async fn server(page: impl Fn(usize) -> Value + Send + Sync + 'static) -> Told {
    let count = Arc::<AtomicUsize>::default();
    Told::start(move |message| {
        let result = match message["method"].as_str() {
            Some("tools/list") => page(count.fetch_add(1, Ordering::SeqCst)),
            Some("tools/call") => json!({"content": [{"type": "text", "text": "fine"}]}),
            _ => return None,
        };
        Some(result.into())
    })
    .await
}

fn company(servers: &[(&str, &Told)]) -> Value {
    let entries = |entry: fn(&str, &Told) -> Value| -> Vec<Value> {
        servers.iter().map(|(id, told)| entry(id, told)).collect()
    };
    json!({
        "tenants": [{"id": "google"}],
        "servers": entries(|id, told| json!({"id": id, "url": told.url})),
        "connections": entries(|id, _| json!({"tenant": "google", "server": id})),
        "users": [{"email": ADA, "admin": true}],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_list_that_does_not_end_is_served_what_was_read() {
    let same = server(|_| json!({"tools": [tool("a")], "nextCursor": "same"})).await;
    let cycle = server(
        |at| json!({"tools": [tool(["x", "y", "z"][at % 3])], "nextCursor": (["A", "B"][at % 2])}),
    )
    .await;
    let number = server(|_| json!({"tools": [tool("a"), tool("b")], "nextCursor": 7})).await;
    let empty = server(|at| match at {
        0 => json!({"tools": [tool("a")], "nextCursor": "0"}),
        at => json!({"tools": [], "nextCursor": at.to_string()}),
    })
    .await;
    let endless = server(
        |at| json!({"tools": [tool(&format!("t{at}"))], "nextCursor": at.to_string(), "ttlMs": 1}),
    )
    .await;
    let servers = [
        ("same", &same, 1, 2, "leads back"),
        ("cycle", &cycle, 3, 3, "leads back"),
        ("number", &number, 2, 1, "no text"),
        ("empty", &empty, 1, 11, "nothing new"),
        ("endless", &endless, 1000, 1000, "1,000 pages"),
    ];
    let listed: Vec<_> = servers.iter().map(|(id, told, ..)| (*id, *told)).collect();
    let world = World::new(Kind::Sqlite, company(&listed)).await;
    world.has_tools(1007).await;
    let ada = world.user(ADA).await;
    let visitor = Visitor::signed_in(&world, ADA, 0).await;
    for (id, told, tools, asked, why) in servers {
        assert_eq!(ada.tools(&format!("/mcp/google/{id}")).await.len(), tools, "{id}");
        let answer = ada.call(&format!("/mcp/google/{id}"), "a", json!({})).await.message();
        if tools < 3 {
            assert_eq!(answer["result"]["content"][0]["text"], "fine", "{id}: {answer}");
        }
        assert_eq!(told.asked("tools/list").len(), asked, "{id}");
        let shown = visitor.get(&format!("/connections/google/{id}")).await.text;
        assert!(shown.contains("not be read to the end") && shown.contains(why), "{id}: {shown}");
        let path = format!("/api/v1/connections/google/{id}");
        let told = visitor.get(&path).await.json();
        assert!(told["cut"].as_str().is_some_and(|it| it.contains(why)), "{id}: {told}");
        assert_eq!(told["state"], "up", "{id}");
    }
    let overview = visitor.get("/overview").await.text;
    assert!(overview.contains("has an incomplete list of tools"), "{overview}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_ends_and_hints_that_are_odd_lose_no_tools() {
    let mut ends = Vec::new();
    for (name, raw) in [
        ("float", "\"ttlMs\":1500.5"),
        ("negative", "\"ttlMs\":-1"),
        ("text", "\"ttlMs\":\"60000\""),
        ("huge", "\"ttlMs\":99999999999999999999999"),
        ("infinite", "\"ttlMs\":1e999"),
        ("nothing", "\"ttlMs\":null,\"cacheScope\":null"),
        ("null-cursor", "\"nextCursor\":null"),
        ("empty-cursor", "\"nextCursor\":\"\""),
    ] {
        let result = format!("{{\"tools\":[{}],{raw}}}", tool("a"));
        let told = Told::start(move |message| {
            let is_list = message["method"] == "tools/list";
            is_list.then(|| Reply { result: result.clone(), notes: Vec::new() })
        })
        .await;
        ends.push((name, told));
    }
    let servers: Vec<_> = ends.iter().map(|(name, told)| (*name, told)).collect();
    let world = World::new(Kind::Sqlite, company(&servers)).await;
    world.has_tools(8).await;
    let visitor = Visitor::signed_in(&world, ADA, 0).await;
    for (name, told) in &ends {
        let shown = visitor.get(&format!("/api/v1/connections/google/{name}")).await.json();
        assert_eq!((&shown["cut"], &shown["problems"]), (&json!(null), &json!([])), "{name}");
        assert_eq!(told.asked("tools/list").len(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_that_a_list_does_not_end() {
    let same = server(|_| json!({"tools": [tool("a")], "nextCursor": "same"})).await;
    let (said, seen) = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        let file = home.file("company.json", &company(&[("same", &same)]).to_string());
        home.must(&["import", &file, "--apply"]);
        (home.json(&["check"]), home.must(&["check"]))
    })
    .await
    .unwrap();
    assert_eq!(said[0]["tools"], 1, "{said}");
    assert!(said[0]["cut"].as_str().is_some_and(|why| why.contains("leads back")), "{said}");
    assert!(seen.contains("not be read to the end"), "{seen}");
}
