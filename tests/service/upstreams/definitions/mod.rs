//! Definitions that a strict client refuses: they are mended or left out, and no other tool is harmed.

mod generate;
mod server;

use std::{path::PathBuf, process::Stdio};

use gatehall_store::EventFilter;
use gatehall_test_support::{Kind, program, root, tool};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use tokio::process::Command;

use self::server::Servers;
use crate::{
    portal::Visitor,
    support::{Client, World, eventually},
};

const ADA: &str = "ada@company.example";
const GOOD: &str = r#"{"name":"good","title":"Good","description":"A good tool","inputSchema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}}"#;

async fn gate(servers: &Servers, count: usize) -> (World, Client) {
    let ids = || (0..count).map(|number| format!("s{number}"));
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": ids().enumerate()
            .map(|(number, id)| json!({"id": id, "url": servers.url(number)}))
            .collect::<Vec<_>>(),
        "connections": ids()
            .map(|id| json!({"tenant": "google", "server": id}))
            .collect::<Vec<_>>(),
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::with(Kind::Sqlite, company, |settings| settings.refresh_seconds = 1).await;
    let ada = world.user(ADA).await;
    (world, ada)
}

/// The official SDKs in both eras, each with what comes before the key and the addresses.
fn readers() -> Vec<(&'static str, PathBuf, Vec<String>)> {
    let scripts = root().join("e2e/sdk");
    let script = |name: &str| scripts.join(name).display().to_string();
    let typescript = |sdk: &str, era: &str| vec![script("lists.mjs"), sdk.into(), era.into()];
    let python = |era: &str| vec![script("lists.py"), era.into()];
    let interpreter = tool("python/bin/python");
    vec![
        ("TypeScript 1.x", program("node"), typescript("v1", "legacy")),
        ("TypeScript 2.x, legacy", program("node"), typescript("v2", "legacy")),
        ("TypeScript 2.x, modern", program("node"), typescript("v2", "modern")),
        ("Python, legacy", interpreter.clone(), python("legacy")),
        ("Python, modern", interpreter, python("modern")),
    ]
}

/// What each SDK sees at each address.
async fn seen_by_all(key: &str, urls: &[String]) -> Vec<(&'static str, Vec<Value>)> {
    let tools = tool("package.json").parent().unwrap().to_owned();
    let started: Vec<_> = readers()
        .into_iter()
        .map(|(name, interpreter, before)| {
            let mut command = Command::new(interpreter);
            command.env("GATEHALL_TEST_TOOLS", &tools).args(before).arg(key).args(urls);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            (name, command.kill_on_drop(true).spawn().unwrap())
        })
        .collect();
    let mut seen = Vec::new();
    for (name, child) in started {
        let output = child.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
        seen.push((name, serde_json::from_slice(&output.stdout).unwrap()));
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_server_defines_every_sdk_lists_the_tools_of_the_others() {
    const SERVERS: usize = 16;
    const DEFINITIONS: usize = 40;
    let mut runner = TestRunner::default();
    let strategy = generate::definition();
    let mut broken = |number: usize| {
        let text = strategy.new_tree(&mut runner).unwrap().current();
        text.replace("NAME", &format!("t{number}"))
    };
    let lists: Vec<Vec<String>> = (0..SERVERS)
        .map(|_| (0..DEFINITIONS).map(&mut broken).chain([GOOD.into()]).collect())
        .collect();
    let servers = Servers::start(lists.clone()).await;
    let (world, ada) = gate(&servers, SERVERS).await;
    let good = |number: usize| format!("google_s{number}_good");
    eventually("every server was asked", async || {
        let listed = ada.rpc("/mcp", "tools/list", json!({})).await.text;
        (0..SERVERS).all(|number| listed.contains(&good(number))).then_some(())
    })
    .await;

    let whole = format!("{}/mcp", world.address());
    let each = (0..SERVERS).map(|number| format!("{whole}/google/s{number}"));
    let urls: Vec<String> = each.chain([whole.clone()]).collect();
    let (mut faults, mut counts) = (Vec::new(), Vec::new());
    for (reader, endpoints) in seen_by_all(&ada.key, &urls).await {
        for (number, seen) in endpoints.iter().enumerate() {
            let tools = seen["tools"].as_array().unwrap();
            let wanted: Vec<String> = match number {
                SERVERS => (0..SERVERS).map(good).collect(),
                _ => vec!["good".into()],
            };
            let holds = wanted.iter().all(|name| tools.contains(&json!(name)));
            if !seen["error"].is_null() || !holds || seen["unsound"] != json!([]) {
                let sent = lists.get(number).map(|list| list.join("\n")).unwrap_or_default();
                let (error, unsound) = (&seen["error"], &seen["unsound"]);
                faults.push(format!("{reader}: {error} {unsound}\n{sent}"));
            }
        }
        let names = endpoints[SERVERS]["tools"].as_array().unwrap().len();
        counts.push((reader, names));
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults[..faults.len().min(3)].join("\n")
    );
    // Enough of them are mended, or nothing was tried.
    let listed = ada.tools("/mcp").await.len();
    assert!(listed > SERVERS * DEFINITIONS / 3, "{listed}");
    for (reader, count) in counts {
        assert!(count == listed, "{reader}: {count} of {listed}");
    }
}

/// One of each kind: the server sends it, everybody lists it, and it can be called.
const MENDED: [&str; 14] = [
    r#""inputSchema":{"type":"object","properties":[]}"#,
    r#""inputSchema":{"type":"object","properties":{"a":true,"b":false}}"#,
    r#""inputSchema":{"type":"object","required":null}"#,
    r#""inputSchema":[]"#,
    r#""inputSchema":{"type":"object","properties":{"definitions":{"type":"string"}},"required":["definitions",1]}"#,
    r#""inputSchema":{"type":"object"},"annotations":{"readOnlyHint":null}"#,
    r#""inputSchema":{"type":"object"},"annotations":null,"outputSchema":null,"title":null,"_meta":null,"icons":null"#,
    r##""inputSchema":{"type":"object"},"outputSchema":{"type":"object","properties":{"a":{"$ref":"#/$defs/Gone"}}}"##,
    r#""inputSchema":{"type":"object"},"outputSchema":{"type":"object","properties":{"a":{"pattern":"["}}}"#,
    r#""inputSchema":{"type":"object"},"outputSchema":{"$id":"same","type":"object","required":["a"]}"#,
    r#""inputSchema":{"type":"object"},"outputSchema":{"$id":"same","type":"object","required":["b"]}"#,
    r#""inputSchema":{"type":"object"},"icons":[{"src":"https://x.example/i.png","sizes":"48x48"}]"#,
    r#""inputSchema":{"type":"object"},"description":"\ud83d","_meta":{"\udc00":1e999}"#,
    r#""inputSchema":{"type":"object"},"execution":{"taskSupport":"perhaps"}"#,
];

#[tokio::test(flavor = "multi_thread")]
async fn mended_tools_are_listed_by_all_and_called_with_what_their_server_expects() {
    let definitions =
        MENDED.iter().enumerate().map(|(at, it)| format!(r#"{{"name":"t{at}",{it}}}"#));
    let servers = Servers::start(vec![definitions.collect()]).await;
    let (world, ada) = gate(&servers, 1).await;
    world.has_tools(MENDED.len() as u64).await;
    let url = format!("{}/mcp", world.address());
    for (reader, endpoints) in seen_by_all(&ada.key, &[url]).await {
        let seen = &endpoints[0];
        assert_eq!(seen["tools"].as_array().unwrap().len(), MENDED.len(), "{reader}: {seen}");
        assert_eq!(seen["unsound"], json!([]), "{reader}");
    }
    let arguments = json!({"a": [1], "definitions": "x", "more": null});
    for at in 0..MENDED.len() {
        let name = format!("google_s0_t{at}");
        let answer = ada.call("/mcp", &name, arguments.clone()).await.message();
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        let reached: Value = serde_json::from_str(text).unwrap();
        assert_eq!(reached["arguments"], arguments, "{name}: {answer}");
        assert_eq!(reached["name"], format!("t{at}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_or_mended_is_said_to_those_who_look_after_the_gate() {
    const LEFT_OUT: &str = r#"{"name":"odd","inputSchema":{"type":"string"}}"#;
    const NULLS: &str = r#"{"name":"nulls","inputSchema":{"type":"object"},"title":null}"#;
    let offered = vec![LEFT_OUT.to_owned(), NULLS.into(), GOOD.into()];
    let servers = Servers::start(vec![offered]).await;
    let (world, _ada) = gate(&servers, 1).await;
    world.has_tools(2).await;

    let reason = "odd: its inputSchema is not one of an object";
    let mended = "google_s0_nulls: its title is null, which is read as absent";
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let page = ada.get("/connections/google/s0").await.text;
    assert!(page.contains(reason) && page.contains(mended), "{page}");
    let check = checked(&world);
    assert!(check.contains(&format!("google/s0: a tool was left out: {reason}")), "{check}");
    assert!(check.contains(&format!("google/s0: repaired: {mended}")), "{check}");

    // The server is looked at each second, and every look finds the same.
    let looked = async || {
        let looks = servers.lists();
        let again = async || (servers.lists() > looks + 2).then_some(());
        eventually("it was looked at again", again).await;
    };
    looked().await;
    let filter = EventFilter { action: Some("list".into()), limit: 10, ..EventFilter::default() };
    let told = eventually("it is in the audit", async || {
        let events = world.desk.store().events(&filter).await.unwrap();
        (!events.is_empty()).then_some(events)
    })
    .await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].outcome, "refused");
    assert_eq!(told[0].reason, Some(format!("left out: {reason}")));
    assert_eq!(told[0].connection.as_deref(), Some("google/s0"));
    let page = ada.get("/audit?q=action:list").await.text;
    assert!(page.contains("google/s0"), "{page}");
}

/// What `gatehall check` says.
fn checked(world: &World) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gatehall"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GATEHALL_")) {
        command.env_remove(name);
    }
    let folder = world.database.folder.path();
    command.arg("--data-dir").arg(folder).args(["--database", &world.database.url, "check"]);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}
