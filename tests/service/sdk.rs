//! The official SDKs as clients, in both eras, to a server of each era.

use std::{collections::HashMap, process::Stdio};

use gatehall_test_support::{Kind, program, root, tool};
use rmcp::{
    ServiceExt,
    model::{CallToolRequestParams, ProtocolVersion},
    service::{ClientLifecycleMode, ClientServiceExt},
    transport::{
        StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Client, Program, Recorder, World, free_port};

const ALICE: &str = "alice@google.example";
const MODERN: &str = "2026-07-28";

struct Scene {
    world: World,
    alice: Client,
    _recorder: Recorder,
    _everything: Program,
}

async fn scene() -> Scene {
    let recorder = Recorder::start().await;
    let everything = Program::everything(free_port()).await;
    let world = World::with(
        Kind::Sqlite,
        json!({
            "tenants": [{"id": "google"}, {"id": "microsoft"}],
            "servers": [
                {"id": "modern", "url": recorder.url()},
                {"id": "legacy", "url": format!("{}/mcp", everything.url)},
            ],
            "connections": [
                {"tenant": "google", "server": "modern"},
                {"tenant": "google", "server": "legacy"},
                {"tenant": "microsoft", "server": "modern"},
            ],
            "users": [{"email": ALICE}],
            "grants": [{"user": ALICE, "tenant": "google"}],
        }),
        |settings| settings.page_tools = 5,
    )
    .await;
    let alice = world.user(ALICE).await;
    Scene { world, alice, _recorder: recorder, _everything: everything }
}

fn calls() -> Value {
    json!([
        {"name": "google_modern_count", "arguments": {}},
        {"name": "google_legacy_trigger-long-running-operation", "arguments": {"duration": 0.3, "steps": 3}},
        {"name": "google_legacy_get-tiny-image", "arguments": {}},
        {"name": "google_legacy_get-structured-content", "arguments": {"location": "Chicago"}},
        {"name": "google_legacy_get-sum", "arguments": {"a": "no number"}},
        {"name": "microsoft_modern_count", "arguments": {}},
    ])
}

/// Checks what a client script saw.
fn check(client: &str, seen: &Value, era: &str, listed: usize) {
    assert_eq!(seen["era"], era, "{client}");
    let tools = seen["tools"].as_array().unwrap();
    assert_eq!(tools.len(), listed, "{client}");
    assert!(tools.iter().all(|name| name.as_str().unwrap().starts_with("google_")), "{client}");
    let results = seen["results"].as_array().unwrap();
    for result in &results[..2] {
        assert!(result["result"]["content"][0]["text"].is_string(), "{client}: {result}");
        assert_eq!(result["progress"].as_array().unwrap().len(), 3, "{client}: {result}");
    }
    let image = results[2]["result"]["content"].as_array().unwrap();
    assert!(image.iter().any(|part| part["mimeType"] == "image/png"), "{client}: {image:?}");
    let structured = &results[3]["result"]["structuredContent"];
    assert!(structured["temperature"].is_number(), "{client}: {structured}");
    assert_eq!(results[4]["result"]["isError"], true, "{client}: {}", results[4]);
    assert_eq!(results[5]["error"]["code"], -32602, "{client}: {}", results[5]);
    let logs = seen["logs"].as_array().unwrap();
    assert_eq!(
        logs.iter().filter(|log| log["level"] == "warning").count(),
        3,
        "{client}: {logs:?}"
    );
}

async fn run(mut command: Command) -> Value {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_and_python_sdks_list_call_and_hear_progress() {
    let scene = scene().await;
    let url = format!("{}/mcp", scene.world.address());
    let key = scene.alice.key.as_str();
    let pages = scene.alice.pages("/mcp").await;
    assert!(pages.len() > 1, "{pages:?}");
    let listed = pages.concat().len();
    let tools = tool("package.json").parent().unwrap().to_owned();
    let scripts = root().join("e2e/sdk");
    for (sdk, era, speaks) in [
        ("v1", "legacy", "2025-11-25"),
        ("v2", "legacy", "2025-11-25"),
        ("v2", "auto", MODERN),
        ("v2", "modern", MODERN),
    ] {
        let mut command = Command::new(program("node"));
        command.env("GATEHALL_TEST_TOOLS", &tools).arg(scripts.join("client.mjs"));
        command.args([sdk, era, &url, key, &calls().to_string()]);
        check(&format!("TypeScript {sdk}, {era}"), &run(command).await, speaks, listed);
    }
    for (era, speaks) in [("legacy", "2025-11-25"), ("auto", MODERN), ("modern", MODERN)] {
        let mut command = Command::new(tool("python/bin/python"));
        command.arg(scripts.join("client.py")).args([era, &url, key, &calls().to_string()]);
        check(&format!("Python, {era}"), &run(command).await, speaks, listed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rmcp_lists_and_calls_in_both_eras() {
    let scene = scene().await;
    let transport = || {
        let config =
            StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", scene.world.address()));
        StreamableHttpClientTransport::from_config(config.auth_header(scene.alice.key.clone()))
    };
    let listed = scene.alice.tools("/mcp").await.len();
    let modern =
        ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::LATEST] };
    let clients = HashMap::from([
        ("legacy", ().serve(transport()).await.unwrap()),
        ("modern", ().serve_with_lifecycle(transport(), modern).await.unwrap()),
    ]);
    for (era, client) in clients {
        assert_eq!(client.list_all_tools().await.unwrap().len(), listed, "{era}");
        let sum = CallToolRequestParams::new("google_legacy_get-sum")
            .with_arguments(json!({"a": 40, "b": 2}).as_object().unwrap().clone());
        let result = json!(client.call_tool(sum).await.unwrap());
        assert!(result["content"][0]["text"].as_str().unwrap().contains("42"), "{era}: {result}");
        let refused = client.call_tool(CallToolRequestParams::new("microsoft_modern_count")).await;
        assert!(refused.unwrap_err().to_string().contains("Unknown tool"), "{era}");
        client.cancel().await.unwrap();
    }
}
