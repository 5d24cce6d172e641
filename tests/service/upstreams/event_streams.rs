//! Event streams and answers in forms that the standard allows, and in some that it does not.

use gatehall_store::EventFilter;
use gatehall_test_support::Kind;
use serde_json::{Value, json};

use crate::support::{Client, Rascal, Recorder, Whim, World, eventually};

const ADA: &str = "ada@company.example";

async fn gate(url: &str, tools: u64) -> (World, Client) {
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "s", "url": url}],
        "connections": [{"tenant": "google", "server": "s"}],
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::with(Kind::Sqlite, company, |settings| {
        settings.refresh_seconds = 3600;
        settings.response_bytes = 1 << 20;
    })
    .await;
    world.has_tools(tools).await;
    let ada = world.user(ADA).await;
    (world, ada)
}

async fn rascal() -> Rascal {
    Rascal::start(vec![json!({"name": "act", "inputSchema": {"type": "object"}})]).await
}

async fn act(ada: &Client) -> Value {
    ada.call("/mcp", "google_s_act", json!({})).await.message()
}

fn text(message: &Value) -> &str {
    message["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{message}"))
}

/// An answer to the request, and its two halves.
const FINE: &str =
    r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[{"type":"text","text":"fine"}]}}"#;
const HALVES: [&str; 2] =
    [r#"{"jsonrpc":"2.0","id":ID,"#, r#""result":{"content":[{"type":"text","text":"fine"}]}}"#];
const NOTE: &str = r#"{"jsonrpc":"2.0","method":"notifications/x","params":{}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_in_a_stream_is_passed_over() {
    let rascal = rascal().await;
    let (_world, ada) = gate(&rascal.url, 1).await;
    let [first, second] = HALVES;
    for before in [
        "",
        ": a comment\n\n:\n\n",
        "event: ping\ndata: ping\n\n",
        "event: error\ndata: {\"jsonrpc\":\"2.0\",\"id\":ID,\"error\":{\"code\":1,\"message\":\"m\"}}\n\n",
        "id: 1\nretry: 10\ndata:\n\n",
        "id: 1\ndata: \n\n",
        "data\n\n",
        "data: ping\n\n",
        "data: {}\n\ndata: []\n\ndata: null\n\ndata: \"x\"\n\n",
        "data: [1,{\"a\":2}]\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"m\"}}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":\"other\",\"result\":{}}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":4711,\"result\":{}}\n\n",
        "retry: soon\nunknown: field\n\n",
        "\u{feff}: with a mark at the beginning\n\n",
    ] {
        for end in ["\n", "\r\n", "\r"] {
            let stream = format!("{before}event: message\ndata: {first}\ndata: {second}\n\n");
            rascal.behave(Whim::Streams(stream.replace('\n', end).leak()));
            let answer = act(&ada).await;
            assert_eq!(text(&answer), "fine", "{before:?} {end:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_answer_in_a_stream_ends_the_call_at_once() {
    let rascal = rascal().await;
    let (_world, ada) = gate(&rascal.url, 1).await;
    for stream in [
        "data: {\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":{},\"result\":{}}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":[]}\n\n",
        "data: {\"jsonrpc\":\"1.0\",\"id\":ID,\"result\":{}}\n\n",
    ] {
        // The stream stays open.
        rascal.behave(Whim::Streams(format!("{stream}STAY").leak()));
        assert!(text(&act(&ada).await).contains("did not answer as it should"), "{stream}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_come_as_an_array_are_read() {
    let rascal = rascal().await;
    let (_world, ada) = gate(&rascal.url, 1).await;
    let array = format!("[{NOTE},{FINE}]");
    for whim in [
        Whim::Sends(array.clone().leak()),
        Whim::Sends(format!(" [ {FINE} ] ").leak()),
        Whim::Sends(format!("[1,{FINE}]").leak()),
        Whim::Streams(format!("data: {array}\n\n").leak()),
        Whim::Streams(format!("data: [{NOTE}]\n\ndata: [{FINE}]\n\n").leak()),
    ] {
        rascal.behave(whim);
        assert_eq!(text(&act(&ada).await), "fine", "{whim:?}");
    }
    for array in ["[]", "[{}]", "[1", &format!("[{}{FINE}]", "1,".repeat(5000))] {
        rascal.behave(Whim::Sends(array.to_owned().leak()));
        assert!(text(&act(&ada).await).contains("did not answer as it should"), "{array:.20}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_comes_back_otherwise_is_known_again_or_named() {
    let rascal = rascal().await;
    let (world, ada) = gate(&rascal.url, 1).await;
    for id in ["\"ID\"", "ID.0"] {
        rascal.behave(Whim::Sends(FINE.replace("ID", id).leak()));
        assert_eq!(text(&act(&ada).await), "fine", "{id}");
        rascal.behave(Whim::Streams(format!("data: {}\n\n", FINE.replace("ID", id)).leak()));
        assert_eq!(text(&act(&ada).await), "fine", "{id}");
    }
    let odd = ["\"request-ID\"", "ID.5", "null", "true", "[ID]", "9876543210"];
    for id in odd {
        for whim in [
            Whim::Sends(FINE.replace("ID", id).leak()),
            Whim::Streams(format!("data: {}\n\n", FINE.replace("ID", id)).leak()),
        ] {
            rascal.behave(whim);
            assert!(text(&act(&ada).await).contains("did not answer as it should"), "{whim:?}");
            rascal.behave(Whim::Good);
            assert_eq!(text(&act(&ada).await), "fine", "after {whim:?}");
        }
    }
    let filter = EventFilter { limit: 100, ..EventFilter::default() };
    eventually("the audit names the reason", async || {
        let events = world.desk.store().events(&filter).await.unwrap();
        let named = events.iter().filter(|event| format!("{event:?}").contains("wrong id"));
        (named.count() == 2 * odd.len()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_compressed_is_asked_for_or_unfolded() {
    let recorder = Recorder::start().await;
    let (_world, _ada) = gate(&recorder.url(), 4).await;
    let seen = recorder.seen();
    assert!(!seen.is_empty());
    for request in seen {
        assert!(request.headers.contains("\"accept-encoding\": \"identity\""), "{request:?}");
    }
    let rascal = rascal().await;
    let (_world, ada) = gate(&rascal.url, 1).await;
    rascal.behave(Whim::Encoded);
    assert!(text(&act(&ada).await).contains("did not answer as it should"));
}
