//! The way from a file with patterns to people who have tools, as somebody walks it who has only
//! the program.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{Home, Serving};
use crate::support::{Client, Recorder, eventually, signed};

/// A tenants.json in which only patterns and a group mean anybody.
fn tenants(endpoint: &str) -> String {
    json!({"google": {"tenant_id": "google", "mcp_endpoint": endpoint, "enabled": true,
        "allowed_users": ["*@google.example", "*@google.example", "boss@company.example", "*"],
        "allowed_groups": ["google-employees"]}})
    .to_string()
}

fn todo(plan: &Value) -> Vec<String> {
    let rows = plan["rows"].as_array().unwrap().iter().filter(|row| row["state"] == "todo");
    rows.map(|row| format!("{}: {}", row["name"].as_str().unwrap(), row["what"])).collect()
}

#[test]
fn a_plan_says_how_people_come_in_whom_a_pattern_means() {
    let home = Home::new();
    let file = home.file("tenants.json", &tenants("http://documents:8001/mcp"));
    let told = todo(&home.json(&["import", &file, "--apply"]));
    assert_eq!(told.len(), 2, "one for each pattern: {told:?}");
    assert!(told[0].starts_with("users *@google.example: "), "{told:?}");
    assert!(told[0].contains("GATEHALL_OPEN_WEBUI_DOMAINS=google.example"), "{told:?}");
    // A plan cannot know how the gate is set.
    assert!(told[0].contains("the file of GATEHALL_OPEN_WEBUIS"), "{told:?}");
    assert!(told[1].contains("gatehall user add boss@company.example"), "{told:?}");
    home.must(&["user", "add", "boss@company.example"]);
    let provider = ["--issuer", "https://id.example", "--client-id", "x", "--domain"];
    let add = [&["provider", "add", "id"], &provider[..], &["google.example"]].concat();
    home.must(&add);
    assert_eq!(todo(&home.json(&["import", &file])), Vec::<String>::new());
    home.must(&["provider", "change", "id", "--add-users", "false"]);
    assert_eq!(todo(&home.json(&["import", &file])).len(), 1, "nobody is added there");
}

#[test]
fn somebody_without_a_row_is_explained() {
    let home = Home::new();
    let file = home.file("tenants.json", &tenants("http://127.0.0.1:9/mcp"));
    home.must(&["import", &file, "--apply"]);
    let zoe = ["explain", "zoe@google.example"];
    let said = home.fails(&zoe);
    for part in [
        "not a user here yet",
        "users *@google.example",
        "tenant google",
        "it may not vouch for google.example",
        "add google.example to GATEHALL_OPEN_WEBUI_DOMAINS of gatehall serve, or gatehall user add \
         zoe@google.example",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let tool = home.fails(&[&zoe[..], &["google_search"]].concat());
    assert!(tool.contains("no user has this email yet, although a grant to users *@"), "{tool}");
    // Nothing is said that only works for somebody who is here.
    let other = home.fails(&["explain", "bob@elsewhere.example", "google_search"]);
    assert!(other.contains("no user has this email yet"), "{other}");

    let believed = [&zoe[..], &["--open-webui-domains", "google.example"]].concat();
    let comes = home.must(&believed);
    assert!(comes.contains("added when they first sign in"), "{comes}");
    let closed = home.fails(&[&believed[..], &["--add-unknown-users", "false"]].concat());
    assert!(closed.contains("GATEHALL_ADD_UNKNOWN_USERS is false"), "{closed}");

    // What a provider vouches for already is not taken back by the remedy.
    let provider = ["--issuer", "https://id.example", "--client-id", "x", "--domain"];
    home.must(&[&["provider", "add", "id"], &provider[..], &["company.example"]].concat());
    let output = home.command(&[&zoe[..], &["--json"]].concat()).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["doors"][1]["door"], "id", "{answer:#}");
    assert_eq!(
        answer["doors"][1]["remedy"],
        "gatehall provider change id --domain company.example --domain google.example"
    );
    // Settings of a file count as they do for the gate.
    let settings = home.file("gatehall.toml", "open_webui_domains = [\"google.example\"]");
    let comes = home.must(&[&["--config", &settings], &zoe[..]].concat());
    assert!(comes.contains("added when they first sign in"), "{comes}");
    home.must(&["user", "add", "zoe@google.example"]);
    assert!(home.must(&zoe).contains("google/google"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_several_open_webuis_is_explained_as_the_gate_that_runs_has_it() {
    let home = Home::new();
    let file = home.file("tenants.json", &tenants("http://127.0.0.1:9/mcp"));
    home.must(&["import", &file, "--apply"]);
    let chats = home.file(
        "chats.toml",
        "[open-webui-care]\nsecret = \"the secret of care, long enough\"\n\
         [open-webui-sales]\nsecret = \"the secret of sales, long enough\"\n\
         domains = [\"google.example\"]\n",
    );
    // The plain setting would keep the gate from starting.
    let bob = home.fails(&["explain", "bob@microsoft.example", "--open-webuis", &chats]);
    assert!(!bob.contains("GATEHALL_OPEN_WEBUI_DOMAINS"), "{bob}");
    let remedy = "add microsoft.example to the domains of open-webui-care in the file of \
                  GATEHALL_OPEN_WEBUIS of gatehall serve, or gatehall user add bob@microsoft.example";
    assert!(bob.contains(remedy), "{bob}");

    let mut serve = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    serve.env("GATEHALL_OPEN_WEBUIS", &chats).env("GATEHALL_ADD_UNKNOWN_USERS", "false");
    let (serving, _) = Serving::start(serve);
    // The command is told nothing of that.
    let zoe = eventually("the gate says how it is set", async || {
        let said = home.fails(&["explain", "zoe@google.example", "--json"]);
        let said: Value = serde_json::from_str(&said).unwrap();
        (said["doors"].as_array().unwrap().len() > 1).then_some(said)
    })
    .await;
    let doors = zoe["doors"].as_array().unwrap();
    let because = |door: &str| {
        let found = doors.iter().find(|it| it["door"] == door);
        found.unwrap_or_else(|| panic!("{door}: {zoe:#}"))["because"].as_str().unwrap()
    };
    assert!(because("Open WebUI open-webui-sales").contains("GATEHALL_ADD_UNKNOWN_USERS is false"));
    assert!(because("Open WebUI open-webui-care").contains("may not vouch for google.example"));
    let remedy = zoe["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("set GATEHALL_ADD_UNKNOWN_USERS=granted"), "{remedy}");
    drop(serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_patterns_gives_the_people_of_an_open_webui_their_tools() {
    let recorder = Recorder::start().await;
    let home = Home::new();
    let file = home.file("tenants.json", &tenants(&recorder.url()));
    home.must(&["import", &file, "--apply"]);
    let made = home.must(&["key", "add", "--service", "--name", "Open WebUI"]);
    let key = made.split_whitespace().find(|word| word.starts_with("ghk_")).unwrap();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("GATEHALL_OPEN_WEBUI_DOMAINS", "google.example,microsoft.example");
    // All but `*`, by which everybody would be meant.
    let grants = home.json(&["grant", "list"]);
    let all = grants.as_array().unwrap().iter().find(|it| it["subject"] == "users *");
    home.must(&["grant", "remove", all.unwrap()["id"].as_str().unwrap()]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("listens on")).unwrap();
    let log = Arc::<Mutex<Vec<String>>>::default();
    let heard = Arc::clone(&log);
    std::thread::spawn(move || lines.for_each(|line| heard.lock().unwrap().push(line)));
    let _serving = Serving(child);
    let chat = Client::new(line.rsplit(' ').next().unwrap().to_owned(), key);
    let secret = std::fs::read_to_string(home.data_dir().join("open-webui.secret")).unwrap();
    let named = |email: &str| chat.with("x-openwebui-user-jwt", &signed(email, secret.trim()));

    let zoe = named("zoe@google.example");
    let tools = eventually("she has tools", async || {
        let tools = zoe.tools("/mcp").await;
        (!tools.is_empty()).then_some(tools)
    });
    assert!(tools.await.contains(&"google_read_text".to_owned()));

    let bob = named("bob@microsoft.example");
    for _ in 0..3 {
        assert_eq!(bob.tools("/mcp").await, Vec::<String>::new());
    }
    let said = eventually("the log has the one who is refused", async || {
        let lines = log.lock().unwrap();
        let about: Vec<String> =
            lines.iter().filter(|it| it.contains("bob@microsoft.example")).cloned().collect();
        (!about.is_empty()).then_some(about)
    })
    .await;
    assert_eq!(said.len(), 1, "once a minute: {said:?}");
    assert!(said[0].contains("gatehall explain bob@microsoft.example"), "{said:?}");
}
