//! `serve` and `demo`, from start to end.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Home, Serving};
use crate::support::{Answer, Client, Recorder, eventually};

fn processes_of(parent: u32) -> usize {
    let listed = Command::new("pgrep").args(["-P", &parent.to_string()]).output().unwrap();
    String::from_utf8(listed.stdout).unwrap().lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_shows_each_user_another_list_and_ends_cleanly() {
    let home = Home::new();
    // Its server is this program, wherever that lies and whoever starts it.
    let private = TempDir::new().unwrap();
    let program = private.path().join("gatehall");
    std::fs::copy(env!("CARGO_BIN_EXE_gatehall"), &program).unwrap();
    let arguments = ["demo", "--json", "--listen", "127.0.0.1:0", "--stdio-uids", "auto"];
    let plain = home.command(&arguments);
    let mut command = Command::new(program);
    command.args(plain.get_args()).arg("--stdio-homes").arg(home.homes());
    let mut demo = Serving(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(demo.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let url = ready["url"].as_str().unwrap().to_owned();
    let client = |email: &str| {
        let users = ready["users"].as_array().unwrap();
        let user = users.iter().find(|user| user["email"] == email).unwrap();
        Client::new(url.clone(), user["key"].as_str().unwrap())
    };
    let mut seen = Vec::new();
    for email in [
        "alice@google.example",
        "bob@microsoft.example",
        "ines@company.example",
        "ada@company.example",
    ] {
        let mut tools = client(email).tools("/mcp").await;
        tools.sort();
        assert!(!tools.is_empty() && !seen.contains(&tools), "{email}: {tools:?}");
        seen.push(tools);
    }
    let foreign = &seen[1][0];
    let refused = client("alice@google.example").call("/mcp", foreign, json!({})).await.json();
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    let service = Client::new(url.clone(), ready["service_key"].as_str().unwrap());
    assert_eq!(service.tools("/mcp").await, Vec::<String>::new());
    assert!(ready["open_webui_secret"].as_str().unwrap().len() >= 16);
    let ada = client("ada@company.example").tools("/mcp").await;
    assert!(ada.iter().any(|tool| tool.starts_with("github_")), "{ada:?}");
    assert!(processes_of(demo.0.id()) > 0, "one of its servers is a process");

    demo.terminate();
    let ended = tokio::task::spawn_blocking(move || (demo.end(), demo.0.id())).await.unwrap();
    assert_eq!((ended.0, processes_of(ended.1)), (Some(0), 0));
}

/// A program that serves a public server with four tools to Alice.
async fn serve_notes(options: &[&str]) -> (Home, Recorder, Serving, Client) {
    let home = Home::new();
    let recorder = Recorder::start().await;
    home.must(&["server", "add", "notes", "--url", &recorder.url(), "--access", "public"]);
    home.must(&["connection", "add", "notes"]);
    home.must(&["user", "add", "alice@google.example"]);
    let key = home.must(&["key", "add", "--user", "alice@google.example"]);
    let arguments = [&["serve", "--listen", "127.0.0.1:0"], options].concat();
    let (serving, url) = Serving::start(home.command(&arguments));
    let alice = Client::new(url, key.trim());
    eventually("the tools are there", async || {
        (alice.tools("/mcp").await.len() == 4).then_some(())
    })
    .await;
    (home, recorder, serving, alice)
}

/// Begins a call that takes so long, and waits until the server has it.
async fn begin_waiting(
    alice: &Client,
    recorder: &Recorder,
    milliseconds: u32,
) -> tokio::task::JoinHandle<Answer> {
    let (alice, before) = (alice.clone(), recorder.seen().len());
    let waiting = tokio::spawn(async move {
        alice.call("/mcp", "notes_wait", json!({"milliseconds": milliseconds})).await
    });
    eventually("the call is under way", async || (recorder.seen().len() > before).then_some(()))
        .await;
    waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_outlives_the_drain_is_told_so() {
    let (home, recorder, mut serving, alice) = serve_notes(&["--drain-seconds", "1"]).await;
    let waiting = begin_waiting(&alice, &recorder, 60_000).await;
    serving.terminate();
    let answer = waiting.await.unwrap().message();
    let said = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
    assert!(answer["result"]["isError"] == true && said.contains("stops"), "{answer}");
    let code = tokio::task::spawn_blocking(move || serving.end()).await.unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(home.json(&["audit", "--outcome", "failed"]).as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_term_signal_lets_a_call_end_and_changes_by_command_are_served() {
    let (home, recorder, mut serving, alice) = serve_notes(&[]).await;
    // Another process changes the company.
    home.must(&["connection", "change", "notes", "--enabled", "false"]);
    eventually("the change is served", async || alice.tools("/mcp").await.is_empty().then_some(()))
        .await;
    home.must(&["connection", "change", "notes", "--enabled", "true"]);
    eventually("the tools are back", async || (alice.tools("/mcp").await.len() == 4).then_some(()))
        .await;

    let waiting = begin_waiting(&alice, &recorder, 1500).await;
    serving.terminate();
    let answer = waiting.await.unwrap().message();
    assert_eq!(answer["result"]["content"][0]["text"], "done", "{answer}");
    let code = tokio::task::spawn_blocking(move || serving.end()).await.unwrap();
    assert_eq!(code, Some(0));
    let calls = home.json(&["audit", "--outcome", "answered"]);
    assert_eq!(calls.as_array().unwrap().len(), 1, "{calls:#}");
    assert!(home.json(&["key", "list"])[0]["last_used_at"].is_string());
}

/// What the portal shows and does is at the command line, too.
#[tokio::test(flavor = "multi_thread")]
async fn api_asks_a_running_gate() {
    let home = Home::new();
    home.must(&["user", "add", "ada@company.example", "--admin"]);
    home.must(&["group", "add", "staff"]);
    let made = home.json(&["key", "add", "--user", "ada@company.example", "--manage"]);
    let key = made["key"].as_str().unwrap().to_owned();
    let (_serving, url) = Serving::start(home.command(&["serve", "--listen", "127.0.0.1:0"]));
    let gate = ["api", "--gate", &url, "--key", &key];
    let ask = |arguments: &[&'static str]| [&gate[..], arguments].concat();
    let json = |arguments: &[&'static str]| -> Value {
        let said = home.must(&ask(arguments));
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    };
    let groups = json(&["/groups", "q=sta"]);
    assert_eq!(groups["groups"]["rows"][0]["name"], "staff");
    json(&["-X", "PATCH", "groups/staff", "description=All", "add_members[]=ada@company.example"]);
    let staff = json(&["/groups/staff"]);
    assert_eq!(
        (&staff["description"], &staff["members"]["rows"][0]["email"]),
        (&json!("All"), &json!("ada@company.example"))
    );
    let table = home.must(&ask(&["/audit/export.csv", "q=kind:group"]));
    assert!(table.starts_with("at,actor") && table.contains("staff"), "{table}");
    let said = home.fails(&ask(&["-X", "PATCH", "/groups/nobody", "enabled:=false"]));
    assert!(said.contains("There is no group"), "{said}");
    let said = home.fails(&["api", "--gate", &url, "/groups"]);
    assert!(said.contains("gatehall key add"), "{said}");
    let said = home.fails(&["api", "--gate", "http://127.0.0.1:9", "--key", "k", "/groups"]);
    assert!(said.contains("cannot be reached"), "{said}");
}
