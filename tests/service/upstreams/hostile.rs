//! Servers that are down, slow, or send junk: only their own tools suffer, and they come back.

use std::collections::HashSet;

use gatehall_test_support::Kind;
use serde_json::{Value, json};

use crate::support::{Client, Rascal, Recorder, Whim, World, eventually};

const ADA: &str = "ada@company.example";

async fn gate(rascal: &Rascal, recorder: &Recorder) -> (World, Client) {
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [
            {"id": "rascal", "url": rascal.url},
            {"id": "good", "url": recorder.url()},
        ],
        "connections": [
            {"tenant": "google", "server": "rascal"},
            {"tenant": "google", "server": "good"},
        ],
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::with(Kind::Sqlite, company, |settings| {
        settings.call_timeout_seconds = 1;
        settings.open_timeout_seconds = 1;
        settings.refresh_seconds = 1;
        settings.response_bytes = 8 << 20;
    })
    .await;
    let ada = world.user(ADA).await;
    (world, ada)
}

fn tool(name: &str) -> Value {
    json!({"name": name, "description": "A tool", "inputSchema": {"type": "object"}})
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn misbehaviour_harms_only_its_own_tools_and_passes() {
    let (rascal, recorder) = (Rascal::start(vec![tool("act")]).await, Recorder::start().await);
    let (world, ada) = gate(&rascal, &recorder).await;
    world.has_tools(5).await;
    let act = async || {
        let answer = ada.call("/mcp", "google_rascal_act", json!({})).await;
        assert!(answer.text.len() < 2000 && !answer.text.contains("hunter2"), "{}", answer.text);
        answer.message()
    };
    let operate = async || ada.operate("/tools/google_rascal_act", json!({})).await;
    let broken = "did not answer as it should";
    for (whim, said, status) in [
        (Whim::Html, broken, 502),
        (Whim::Silent, "did not answer in time", 504),
        (Whim::Halfway, broken, 502),
        (Whim::HalfStream, broken, 502),
        (Whim::Huge, "ask for less", 502),
        (Whim::Junk, broken, 502),
        (Whim::Duplicate, broken, 502),
        (Whim::WrongId, broken, 502),
        (Whim::Failing, broken, 502),
    ] {
        rascal.behave(whim);
        let answer = act().await;
        assert_eq!(answer["result"]["isError"], true, "{whim:?}: {answer}");
        assert!(text(&answer).contains(said), "{whim:?}: {answer}");
        // Over OpenAPI it is the status that says so, or that the server is resting.
        let problem = operate().await;
        assert!([status, 503].contains(&problem.status.as_u16()), "{whim:?}: {problem:?}");
        let good = ada.call("/mcp", "google_good_read_text", json!({"text": "hi"})).await.message();
        assert_eq!(text(&good), "hi", "beside {whim:?}");
        assert_eq!(ada.tools("/mcp").await.len(), 5, "beside {whim:?}");

        rascal.behave(Whim::Good);
        eventually("the server is back", async || {
            let answer = act().await;
            (text(&answer) == "fine").then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_without_words_still_says_what_the_tool_said() {
    let (rascal, recorder) = (Rascal::start(vec![tool("act")]).await, Recorder::start().await);
    let (world, ada) = gate(&rascal, &recorder).await;
    world.has_tools(5).await;
    rascal.behave(Whim::Wordless);
    let problem = ada.operate("/tools/google_rascal_act", json!({})).await;
    assert_eq!(problem.json()["detail"], r#"{"b":1}"#, "{problem:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_trouble_is_left_alone_and_its_callers_hear_at_once() {
    let (rascal, recorder) = (Rascal::start(vec![tool("act")]).await, Recorder::start().await);
    let (world, ada) = gate(&rascal, &recorder).await;
    world.has_tools(5).await;
    rascal.behave(Whim::Failing);
    for _ in 0..200 {
        ada.call("/mcp", "google_rascal_act", json!({})).await;
    }
    assert!(rascal.asked() < 100, "it was asked {} times", rascal.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_are_made_good_and_clashes_are_left_out() {
    let long = "x".repeat(300);
    let names = ["plain", "spaced out", "pünktchen", "a/b.c", "", &long, "plain", "Plain"];
    let tools = names.iter().map(|name| tool(name)).collect();
    let (rascal, recorder) = (Rascal::start(tools).await, Recorder::start().await);
    let (_world, ada) = gate(&rascal, &recorder).await;
    let listed = eventually("the tools are there", async || {
        let listed = ada.tools("/mcp").await;
        listed.iter().any(|name| name.contains("rascal")).then_some(listed)
    })
    .await;
    let own: Vec<&String> = listed.iter().filter(|name| name.contains("rascal")).collect();
    let distinct: HashSet<_> = own.iter().collect();
    assert_eq!(distinct.len(), own.len(), "{own:?}");
    for name in &own {
        assert!(name.len() <= 55, "{name}");
        assert!(name.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it)), "{name}");
        let answer = ada.call("/mcp", name, json!({})).await.message();
        assert_eq!(text(&answer), "fine", "{name}");
    }
    assert!(own.iter().any(|name| *name == "google_rascal_plain"), "{own:?}");
    assert!(own.len() >= 5, "{own:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_tools_are_listed_page_by_page() {
    let tools = (0..5000).map(|number| tool(&format!("tool_{number:04}"))).collect();
    let (rascal, recorder) = (Rascal::start(tools).await, Recorder::start().await);
    let (world, ada) = gate(&rascal, &recorder).await;
    world.has_tools(5004).await;
    let pages = ada.pages("/mcp").await;
    let names: HashSet<String> = pages.concat().into_iter().collect();
    assert_eq!((names.len(), pages.len()), (5004, 6));
    let answer = ada.call("/mcp", "google_rascal_tool_4999", json!({})).await.message();
    assert_eq!(text(&answer), "fine");
}
