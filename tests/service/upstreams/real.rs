//! The reference servers, over both transports: what they say arrives as they say it.

use gatehall_test_support::{Kind, everything, program, tool};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Client, Program, World, eventually, free_port};

const ADA: &str = "ada@company.example";

fn company(servers: Value, connections: Value) -> Value {
    json!({
        "tenants": [{"id": "google"}],
        "servers": servers,
        "connections": connections,
        "users": [{"email": ADA, "admin": true}],
    })
}

/// What each call gives, asked without the gate.
async fn directly(url: &str, calls: &[(&str, Value)]) -> Vec<Value> {
    let direct = Client::new(url.to_owned(), "unused").session("/mcp").await;
    let mut results = Vec::new();
    for (name, arguments) in calls {
        results.push(direct.call("/mcp", name, arguments.clone()).await.message());
    }
    results
}

#[tokio::test(flavor = "multi_thread")]
async fn results_and_definitions_of_every_kind_pass_unharmed() {
    let server = Program::everything(free_port()).await;
    let servers = json!([
        {"id": "everything", "url": format!("{}/mcp", server.url)},
        {"id": "child", "command": program("node"), "arguments": [everything(), "stdio"]},
    ]);
    let connections = json!([
        {"tenant": "google", "server": "everything"},
        {"tenant": "google", "server": "child"},
    ]);
    let world = World::new(Kind::Sqlite, company(servers, connections)).await;
    let ada = world.user(ADA).await;

    let direct = Client::new(server.url.clone(), "unused").session("/mcp").await;
    let defined = direct.rpc("/mcp", "tools/list", json!({})).await.message();
    let mut defined = defined["result"]["tools"].as_array().unwrap().clone();
    // Tasks are not carried, so what needs one is left out.
    defined.retain(|tool| tool["execution"]["taskSupport"] != "required");
    for tool in &mut defined {
        // And nobody is told to ask for one.
        tool.as_object_mut().unwrap().remove("execution");
    }
    world.has_tools(2 * defined.len() as u64).await;
    for face in ["/mcp/google/everything", "/mcp/google/child"] {
        let listed = ada.rpc(face, "tools/list", json!({})).await.json();
        let listed = listed["result"]["tools"].as_array().unwrap();
        assert_eq!(listed, &defined, "{face}");
    }

    let calls = [
        ("echo", json!({"message": "Grüße 🦀 \u{2028} \"quoted\" \\"})),
        ("get-sum", json!({"a": 1.5, "b": 40})),
        ("get-sum", json!({"a": "no number"})),
        ("get-tiny-image", json!({})),
        ("get-annotated-message", json!({"messageType": "error", "includeImage": true})),
        ("get-resource-links", json!({"count": 4})),
        ("get-resource-reference", json!({"resourceType": "Text", "resourceId": 1})),
        ("get-structured-content", json!({"location": "Chicago"})),
    ];
    let expected = directly(&server.url, &calls).await;
    for ((name, arguments), expected) in calls.iter().zip(&expected) {
        for place in ["everything", "child"] {
            let face = format!("/mcp/google/{place}");
            let through = ada.call(&face, name, arguments.clone()).await.message();
            assert_eq!(steady(&through), steady(expected), "{face} {name}");
            let params = json!({"name": name, "arguments": arguments});
            let mut modern = ada.modern(&face, "tools/call", params).await.message();
            let result = modern["result"].as_object_mut().unwrap();
            assert_eq!(result.shift_remove("resultType"), Some(json!("complete")));
            let meta = result.shift_remove("_meta").unwrap();
            assert_eq!(meta["io.modelcontextprotocol/serverInfo"]["name"], "gatehall");
            assert_eq!(steady(&modern), steady(expected), "{face} {name}, modern");
        }
    }
}

/// What a message holds as text, without the times that some resources hold.
fn steady(message: &Value) -> String {
    let mut text = format!("{}{}", message["result"], message["error"]);
    while let Some(at) = text.find(" created at ") {
        let end = text[at..].find("M\"").unwrap_or_else(|| panic!("{text}"));
        text.replace_range(at..=at + end, "");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn files_memory_time_and_git_work_through_the_gate() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().canonicalize().unwrap();
    std::process::Command::new("git").arg("init").arg("--quiet").arg(&place).status().unwrap();
    let package = |name: &str| {
        tool(&format!("node_modules/@modelcontextprotocol/server-{name}/dist/index.js"))
    };
    let servers = json!([
        {"id": "files", "command": program("node"), "arguments": [package("filesystem"), place]},
        {"id": "memory", "command": program("node"), "arguments": [package("memory")],
         "environment": {"MEMORY_FILE_PATH": place.join("memory.jsonl")}},
        {"id": "time", "command": tool("python/bin/mcp-server-time")},
        {"id": "git", "command": tool("python/bin/mcp-server-git"),
         "environment": {"PATH": std::env::var("PATH").unwrap()}},
    ]);
    let connections = ["files", "memory", "time", "git"]
        .map(|server| json!({"tenant": "google", "server": server}));
    let world = World::new(Kind::Sqlite, company(servers, json!(connections))).await;
    let ada = world.user(ADA).await;
    let names = ada.tools("/mcp").await;
    for prefix in ["google_files_", "google_memory_", "google_time_", "google_git_"] {
        assert!(names.iter().any(|name| name.starts_with(prefix)), "{prefix}: {names:?}");
    }
    let call = async |name: &str, arguments: Value| {
        let answer = ada.call("/mcp", name, arguments).await.message();
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned()
    };
    let file = place.join("draft.txt");
    call("google_files_write_file", json!({"path": file, "content": "A draft"})).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "A draft");
    let entity =
        json!({"entities": [{"name": "Gate", "entityType": "thing", "observations": ["open"]}]});
    call("google_memory_create_entities", entity).await;
    assert!(call("google_memory_read_graph", json!({})).await.contains("open"));
    let time = call("google_time_get_current_time", json!({"timezone": "Europe/Berlin"})).await;
    assert!(time.contains("Europe/Berlin"), "{time}");
    let status = call("google_git_git_status", json!({"repo_path": place})).await;
    assert!(status.contains("draft.txt"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_session_is_opened_anew_unseen() {
    let port = free_port();
    let server = Program::everything(port).await;
    let servers = json!([{"id": "everything", "url": format!("{}/mcp", server.url)}]);
    let connections = json!([{"tenant": "google", "server": "everything"}]);
    let world = World::new(Kind::Sqlite, company(servers, connections)).await;
    let ada = world.user(ADA).await;
    let echo = async || {
        ada.call("/mcp/google/everything", "echo", json!({"message": "hi"})).await.message()
    };
    assert_eq!(echo().await["result"]["content"][0]["text"], "Echo: hi");
    drop(server);
    let _again = Program::everything(port).await;
    eventually("the gate speaks to the new server", async || {
        let answer = echo().await;
        (answer["result"]["content"][0]["text"] == "Echo: hi").then_some(())
    })
    .await;
}
