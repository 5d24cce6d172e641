//! Lists, edits, keys, explain and check.

use gatehall_test_support::{everything, program, tool};
use serde_json::{Value, json};

use super::Home;
use crate::support::{Program, Rascal, Whim, free_port};

/// A tenant with a server that works, and a user without rights.
fn home() -> Home {
    let home = Home::new();
    home.must(&["tenant", "add", "google", "--name", "Google"]);
    let time = tool("python/bin/mcp-server-time");
    home.must(&["server", "add", "time", "--command", time.to_str().unwrap()]);
    home.must(&["connection", "add", "google/time"]);
    home.must(&["group", "add", "google-people"]);
    home.must(&["user", "add", "alice@google.example", "--name", "Alice"]);
    home
}

#[test]
fn explain_names_the_first_missing_step_and_the_command_that_mends_it() {
    let home = home();
    let tool = "google_time_get_current_time";
    let explain = |home: &Home| {
        let said = home.run(&["explain", "alice@google.example", tool]);
        (said.code, said.out + &said.err)
    };
    let (code, said) = explain(&home);
    assert!(code != Some(0) && said.contains("no grant"), "{said}");
    home.must(&["grant", "add", "--group", "google-people", "--connection", "google/time"]);
    let (_, said) = explain(&home);
    assert!(said.contains("google-people") && said.contains("--add-member"), "{said}");
    home.must(&["group", "change", "google-people", "--add-member", "alice@google.example"]);
    let (code, said) = explain(&home);
    assert!(code == Some(0) && said.contains("google-people"), "{said}");
    for (off, says) in [
        (["tenant", "change", "google"], "tenant"),
        (["connection", "change", "google/time"], "connection"),
        (["server", "change", "time"], "server"),
        (["group", "change", "google-people"], "group"),
        (["user", "change", "alice@google.example"], "alice"),
    ] {
        home.must(&[&off[..], &["--enabled", "false"]].concat());
        let (code, said) = explain(&home);
        assert!(code != Some(0) && said.contains(says) && said.contains("disabled"), "{said}");
        home.must(&[&off[..], &["--enabled", "true"]].concat());
    }
    home.must(&[
        "grant",
        "add",
        "--users",
        "*@google.example",
        "--tenant",
        "google",
        "--tools",
        "get_*",
        "--deny",
    ]);
    let (code, said) = explain(&home);
    assert!(code != Some(0) && said.contains("may not use"), "{said}");
    assert!(home.fails(&["explain", "nobody@google.example"]).contains("nobody@google.example"));
}

#[test]
fn keys_are_shown_once_and_records_are_listed_changed_and_removed() {
    let home = home();
    let text = home.must(&["key", "add", "--user", "alice@google.example", "--name", "laptop"]);
    assert!(text.trim().starts_with("ghk_"), "{text}");
    let keys = home.json(&["key", "list"]);
    assert_eq!(keys[0]["name"], "laptop");
    assert!(!keys.to_string().contains(text.trim().rsplit('_').next().unwrap()));
    let id = keys[0]["id"].as_str().unwrap();
    home.must(&["key", "revoke", id]);
    assert!(home.json(&["key", "list"])[0]["revoked_at"].is_string());
    let past = ["key", "add", "--user", "alice@google.example", "--expires", "2001-01-01"];
    assert!(home.fails(&past).contains("expires"), "a key that has ended is no key");

    // What is not named stays, also of a transport.
    home.must(&["server", "add", "pages", "--url", "http://pages/sse", "--transport", "sse"]);
    home.must(&["server", "change", "pages", "--url", "http://other/sse"]);
    assert_eq!(home.json(&["server", "show", "pages"])["transport"]["type"], "sse");
    home.must(&[
        "server",
        "add",
        "child",
        "--command",
        "a",
        "--argument",
        "b",
        "--environment",
        "C=d",
    ]);
    home.must(&["server", "change", "child", "--command", "e"]);
    let child = &home.json(&["server", "show", "child"])["transport"];
    assert_eq!((&child["arguments"][0], &child["environment"]["C"]), (&json!("b"), &json!("d")));
    assert!(
        home.fails(&["server", "change", "pages", "--argument", "x"])
            .contains("belong to a command")
    );
    home.must(&["connection", "change", "google/time", "--timeout-seconds", "5"]);
    home.must(&["connection", "change", "google/time", "--unset", "timeout-seconds"]);
    let connection = home.json(&["connection", "show", "google/time"]);
    assert_eq!(connection["timeout_seconds"], Value::Null);
    assert!(home.must(&["connection", "show", "google/time"]).contains("google_time_"));

    home.must(&["user", "change", "alice@google.example", "--name", "Alice G."]);
    assert_eq!(home.json(&["user", "show", "alice@google.example"])["name"], "Alice G.");
    let used = home.fails(&["server", "remove", "time"]);
    assert!(used.contains("google/time") && used.contains("--cascade"), "{used}");
    home.must(&["server", "remove", "time", "--cascade"]);
    assert_eq!(home.json(&["connection", "list"]), json!([]));
    let kinds: Vec<Value> = home.json(&["audit"]).as_array().unwrap().clone();
    assert!(kinds.len() >= 8, "{kinds:?}");
    for unknown in [["tenant", "show", "nothing"], ["server", "remove", "nothing"]] {
        assert!(home.fails(&unknown).contains("nothing"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_every_server_speaks() {
    let http = Program::everything(free_port()).await;
    let sse = Program::everything_as("sse", free_port()).await;
    let page = Rascal::start(Vec::new()).await;
    page.behave(Whim::Html);
    let openapi = axum::Router::new().route(
        "/openapi.json",
        axum::routing::get(|| async { axum::Json(json!({"openapi": "3.1.0", "paths": {}})) }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, openapi).await });

    let home = Home::new();
    let node = program("node");
    let names = ["http", "sse", "stdio", "openapi", "page", "nobody", "missing"];
    let company = json!({
        "servers": [
            {"id": "http", "url": format!("{}/mcp", http.url)},
            {"id": "sse", "url": format!("{}/sse", sse.url)},
            {"id": "stdio", "command": node, "arguments": [everything(), "stdio"]},
            {"id": "openapi", "url": format!("http://{address}")},
            {"id": "page", "url": page.url},
            {"id": "nobody", "url": format!("http://127.0.0.1:{}/mcp", free_port())},
            {"id": "missing", "command": "/no/such/program"},
        ],
        "connections": names.map(|server| json!({"server": server})),
    });
    let file = home.file("company.json", &company.to_string());
    home.must(&["import", &file, "--apply"]);
    let said = tokio::task::spawn_blocking(move || {
        (home.run(&["check", "--json"]), home.run(&["check", "http", "stdio"]), home)
    });
    let (all, some, _home) = said.await.unwrap();
    assert_eq!(all.code, Some(1), "some of them need attention");
    let rows: Vec<Value> = serde_json::from_str(&all.out).unwrap();
    let row = |name: &str| rows.iter().find(|row| row["connection"] == name).unwrap();
    for (name, speaks) in [
        ("http", "Streamable HTTP, legacy"),
        ("sse", "HTTP+SSE"),
        ("stdio", "stdio, legacy"),
        ("openapi", "OpenAPI"),
        ("page", "not MCP"),
        ("nobody", "unreachable"),
        ("missing", "misconfigured"),
    ] {
        assert_eq!(row(name)["speaks"], speaks, "{}", row(name));
    }
    assert_eq!(
        (&row("http")["revision"], &row("http")["era"]),
        (&json!("2025-11-25"), &json!("legacy"))
    );
    assert!(row("http")["tools"].as_u64().unwrap() > 5);
    assert!(row("missing")["remedy"].as_str().unwrap().contains("command"), "{}", row("missing"));
    assert_eq!(some.code, Some(0), "{some:?}");
}

#[test]
fn accounts_are_unbound_one_by_one_and_all_at_once() {
    let home = home();
    home.must(&["user", "add", "bob@google.example"]);
    for (email, account) in [
        ("alice@google.example", "open-webui=a"),
        ("bob@google.example", "open-webui=b"),
        ("bob@google.example", "open-webui-sales=a"),
    ] {
        home.must(&["user", "change", email, "--bind", account]);
    }
    let accounts = |home: &Home| -> Vec<String> {
        let users = home.json(&["user", "list"]);
        let users = users.as_array().unwrap().iter();
        let all = users.flat_map(|user| user["accounts"].as_array().unwrap().clone());
        let one = |it: Value| format!("{}={}", it["issuer"], it["subject"]).replace('"', "");
        let mut all: Vec<String> = all.map(one).collect();
        all.sort();
        all
    };
    assert_eq!(accounts(&home), ["open-webui-sales=a", "open-webui=a", "open-webui=b"]);
    for arguments in [&["open-webui"][..], &["open-webui", "bob@google.example", "--all"]] {
        let said = home.fails(&[&["user", "unbind"], arguments].concat());
        assert!(said.contains("--all"), "{said}");
    }
    let said = home.fails(&["user", "unbind", "entra", "--all"]);
    assert!(said.contains("entra"), "{said}");
    let said = home.run(&["user", "unbind", "open-webui", "bob@google.example"]);
    assert!(said.code == Some(0) && said.err.contains("unbound 1 account of"), "{said:?}");
    assert_eq!(accounts(&home), ["open-webui-sales=a", "open-webui=a"]);
    home.must(&["user", "unbind", "open-webui", "--all"]);
    assert_eq!(accounts(&home), ["open-webui-sales=a"]);
    let undo = home.json(&["audit"])[0]["revision"].to_string();
    home.must(&["undo", &undo]);
    assert_eq!(accounts(&home), ["open-webui-sales=a", "open-webui=a"]);
}

#[test]
fn whoever_is_bound_is_unbound_before_another_account_is_theirs() {
    let home = Home::new();
    let email = "nora@google.example";
    home.must(&["user", "add", email]);
    home.must(&["user", "add", "ben@google.example"]);
    let change = ["user", "change", email];
    home.must(&[&change[..], &["--bind", "open-webui=old"]].concat());
    let said = home.fails(&[&change[..], &["--bind", "open-webui=new"]].concat());
    assert!(said.contains("another account of open-webui"), "{said}");
    assert!(said.contains(&format!("gatehall user change {email} --unbind open-webui")), "{said}");
    let both = ["--unbind", "open-webui", "--bind", "open-webui=new"];
    home.must(&[&change[..], &both].concat());
    let said = home.fails(&["user", "change", "ben@google.example", "--bind", "open-webui=new"]);
    assert!(said.contains(&format!("gatehall user change {email} --unbind open-webui")), "{said}");
    // What is bound already is confirmed.
    home.must(&[&change[..], &["--bind", "open-webui=new"]].concat());
}
