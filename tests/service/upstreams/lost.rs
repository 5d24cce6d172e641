//! Servers that lose the sessions they issued, and servers whose answers only look like that.

use gatehall_control::operation::{
    NewSecret,
    connection::{ConnectionEdit, NewCredential, change as change_connection},
};
use gatehall_domain::Placement;
use gatehall_test_support::Kind;
use serde_json::{Value, json};

use crate::support::{Client, Forgetful, Form, Program, Saying, World, eventually, free_port};

const ADA: &str = "ada@company.example";
const ALICE: &str = "alice@google.example";
const STATUS: [u16; 9] = [200, 400, 401, 403, 404, 410, 422, 500, 503];

fn sayings(words: &'static str) -> Vec<Saying> {
    let each = |status| Form::SAID.map(|form| Saying { status, form, words });
    STATUS.into_iter().flat_map(each).collect()
}

async fn gate(servers: &[Forgetful], refresh: u64) -> (World, Client) {
    let ids: Vec<String> = (0..servers.len()).map(|number| format!("s{number}")).collect();
    let described: Vec<Value> =
        ids.iter().zip(servers).map(|(id, it)| json!({"id": id, "url": it.url})).collect();
    let connected: Vec<Value> =
        ids.iter().map(|id| json!({"tenant": "google", "server": id})).collect();
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": described,
        "connections": connected,
        "users": [{"email": ADA, "admin": true}],
    });
    let world =
        World::with(Kind::Sqlite, company, |settings| settings.refresh_seconds = refresh).await;
    world.has_tools(2 * servers.len() as u64).await;
    let ada = world.user(ADA).await;
    (world, ada)
}

/// What a caller reads, whether it is an error of the tool or of the protocol.
fn read(answer: &Value) -> String {
    let text = answer["result"]["content"][0]["text"].as_str();
    text.or(answer["error"]["message"].as_str()).unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_session_is_reopened_however_the_server_says_it() {
    let server = Forgetful::start().await;
    let (_world, ada) = gate(std::slice::from_ref(&server), 3600).await;
    let act = async || ada.call("/mcp", "google_s0_act", json!({})).await.message();
    assert_eq!(read(&act().await), "fine");
    for saying in sayings("no such thing here") {
        server.forget(saying);
        let (runs, handshakes) = (server.runs(), server.handshakes());
        let first = read(&act().await);
        let second = read(&act().await);
        assert_eq!(second, "fine", "{saying:?}");
        assert_eq!(server.handshakes(), handshakes + 1, "{saying:?}");
        let ran = 1 + usize::from(first == "fine");
        assert_eq!(server.runs(), runs + ran, "{saying:?}: {first}");
        // What the protocol has for it is noticed before anything is answered.
        if saying.status == 404 && saying.form != Form::Own {
            assert_eq!(first, "fine", "{saying:?}");
        } else if saying.status < 500 && (saying.status != 200 || saying.form != Form::Text) {
            assert!(first.contains(saying.words) || first == "fine", "{saying:?}: {first}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_look_at_a_server_opens_a_lost_session_anew() {
    let sayings = sayings("no such thing here");
    let mut servers = Vec::new();
    for _ in &sayings {
        servers.push(Forgetful::start().await);
    }
    let (_world, _ada) = gate(&servers, 1).await;
    for (server, saying) in servers.iter().zip(&sayings) {
        server.forget(*saying);
        let lists = server.lists();
        eventually("its tools are listed in a session that it knows", async || {
            (server.lists() > lists).then_some(())
        })
        .await;
        assert_eq!(server.handshakes(), 2, "{saying:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_may_have_run_runs_once_and_the_session_stays() {
    let server = Forgetful::start().await;
    let (_world, ada) = gate(std::slice::from_ref(&server), 3600).await;
    for words in ["amount too large", "your session is full"] {
        for saying in sayings(words) {
            server.says(saying);
            let (runs, handshakes) = (server.runs(), server.handshakes());
            let answer = ada.call("/mcp", "google_s0_odd", json!({})).await.message();
            assert_eq!(server.runs(), runs + 1, "{saying:?}: {answer}");
            let read = read(&answer);
            assert!(!read.contains("cannot be reached"), "{saying:?}: {read}");
            if (400..500).contains(&saying.status) || saying.form != Form::Text {
                let quoted = saying.status < 500 || saying.form == Form::Own;
                assert_eq!(read.contains(words), quoted, "{saying:?}: {read}");
            }
            let good = ada.call("/mcp", "google_s0_act", json!({})).await.message();
            assert_eq!(good["result"]["content"][0]["text"], "fine", "{saying:?}");
            assert_eq!(server.handshakes(), handshakes, "{saying:?}: it was dropped");
        }
    }
}

/// A server of several programs may answer a ping where a call is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_in_which_only_pings_are_answered_is_given_up() {
    let server = Forgetful::start().await;
    let (_world, ada) = gate(std::slice::from_ref(&server), 3600).await;
    server.ping_anybody();
    for saying in sayings("Invalid SESSION id") {
        if saying.status == 200 && saying.form == Form::Text {
            continue;
        }
        server.forget(saying);
        let runs = server.runs();
        eventually(&format!("a call succeeds after {saying:?}"), async || {
            let answer = ada.call("/mcp", "google_s0_act", json!({})).await.message();
            (read(&answer) == "fine").then_some(())
        })
        .await;
        assert_eq!(server.runs(), runs + 1, "{saying:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_callers_own_session_is_reopened() {
    let server = Forgetful::start().await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "s0", "url": server.url, "stateful": true}],
        "connections": [{"tenant": "google", "server": "s0"}],
        "users": [{"email": ADA, "admin": true}, {"email": ALICE}],
        "grants": [{"user": ALICE, "tenant": "google"}],
    });
    let world =
        World::with(Kind::Sqlite, company, |settings| settings.refresh_seconds = 3600).await;
    world.has_tools(2).await;
    let callers = [world.user(ADA).await, world.user(ALICE).await];
    let act = async |caller: &Client| {
        read(&caller.call("/mcp", "google_s0_act", json!({})).await.message())
    };
    for saying in sayings("no such thing here") {
        server.forget(saying);
        let handshakes = server.handshakes();
        for caller in &callers {
            act(caller).await;
            assert_eq!(act(caller).await, "fine", "{saying:?}");
        }
        // The gate's own may be opened anew, too, where it looked what is wrong.
        let own = server.handshakes() - handshakes - callers.len();
        assert!(own <= usize::from(saying.status >= 500), "{saying:?}: {own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_refusal_are_quoted_without_secrets() {
    let server = Forgetful::start().await;
    let (world, ada) = gate(std::slice::from_ref(&server), 3600).await;
    let edit = ConnectionEdit {
        credentials: vec![NewCredential {
            placement: Placement::bearer(),
            secret: NewSecret::Value("tok-4711-0815".into()),
            expires_at: None,
        }],
        ..Default::default()
    };
    let (path, now) = ("google/s0".parse().unwrap(), world.desk.clock().now());
    world
        .change(|snapshot| {
            change_connection(snapshot.company(), world.desk.vault(), &path, &edit, now)
        })
        .await;
    world.has_tools(2).await;
    for (status, form) in [400, 401, 403, 409].map(|status| (status, Form::Text)) {
        server.says(Saying { status, form, words: "Bearer tok-4711-0815 may not write" });
        let answer = ada.call("/mcp", "google_s0_odd", json!({})).await;
        assert!(!answer.text.contains("4711"), "{answer:?}");
        assert!(answer.text.contains("may not write"), "{answer:?}");
        let problem = ada.operate("/tools/google_s0_odd", json!({})).await;
        assert!(!problem.text.contains("4711"), "{problem:?}");
        assert!(problem.text.contains("may not write"), "{problem:?}");
    }
    for status in [400, 500] {
        let words = "<!DOCTYPE html><h1>Traceback</h1>";
        server.says(Saying { status, form: Form::Text, words });
        let answer = ada.call("/mcp", "google_s0_odd", json!({})).await;
        assert!(!answer.text.contains("Traceback"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_in_another_era_is_spoken_to_in_it() {
    let port = free_port();
    let mut server = Some(Program::loose("legacy", port).await);
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "s", "url": format!("http://127.0.0.1:{port}/mcp")}],
        "connections": [{"tenant": "google", "server": "s"}],
        "users": [{"email": ADA, "admin": true}],
    });
    let set = |settings: &mut gatehall::settings::ServeSettings| settings.refresh_seconds = 3600;
    let world = World::with(Kind::Sqlite, company, set).await;
    world.has_tools(5).await;
    let ada = world.user(ADA).await;
    for era in ["modern", "legacy", "modern"] {
        drop(server.take());
        server = Some(Program::loose(era, port).await);
        eventually(&format!("its tools are called in the {era} era"), async || {
            let answer = ada.call("/mcp", "google_s_counts", json!({})).await.message();
            answer["result"]["content"][0]["text"].as_str()?.starts_with('{').then_some(())
        })
        .await;
    }
}
