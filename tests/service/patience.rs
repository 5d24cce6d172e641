//! Calls that take long: whoever waits is kept alive, in a form that their client can read to its
//! end.

use std::{process::Stdio, time::Duration};

use gatehall_test_support::{Kind, program, root, tool};
use rmcp::{
    ServiceExt,
    model::CallToolRequestParams,
    transport::{
        StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};

use crate::support::{Client, Scripted, World};

const ADA: &str = "ada@company.example";
const ACT: &str = "google_slow_act";

/// A server that takes longer than anybody is silent.
async fn scene() -> (World, Scripted, Client) {
    let slow = Scripted::start(false).await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "slow", "url": slow.url}],
        "connections": [{"tenant": "google", "server": "slow"}],
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::with(Kind::Sqlite, company, |it| it.keep_alive_seconds = 1).await;
    world.has_tools(1).await;
    slow.takes(Duration::from_millis(2400));
    let ada = world.user(ADA).await;
    (world, slow, ada)
}

fn large() -> String {
    "all of it ".repeat(200_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_answer_stays_json_for_those_who_want_no_news() {
    let (_world, slow, ada) = scene().await;
    slow.results(json!({"content": [{"type": "text", "text": large()}]}));
    let params = json!({"name": ACT});
    let legacy = ada.rpc("/mcp", "tools/call", params.clone()).await;
    let modern = ada.modern("/mcp", "tools/call", params.clone()).await;
    for answer in [&legacy, &modern] {
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["x-accel-buffering"], "no");
        let blanks = answer.text.len() - answer.text.trim_start().len();
        assert!((1..10).contains(&blanks), "{blanks}");
        assert!(answer.json()["result"]["content"][0]["text"] == large());
    }
    // An error comes when the status is said already.
    slow.fails(200, &json!({"code": -32603, "message": "no", "data": 1}));
    let failed = ada.rpc("/mcp", "tools/call", params.clone()).await;
    assert_eq!((failed.status.as_u16(), &failed.json()["error"]["data"]), (200, &json!(1)));
    assert!(failed.text.starts_with(' '), "{}", failed.text);

    // Whoever wants news gets them, and signs of life between them.
    let meta = |meta: Value| json!({"name": ACT, "_meta": meta});
    let level = json!({"io.modelcontextprotocol/logLevel": "info"});
    for news in [
        ada.rpc("/mcp", "tools/call", meta(json!({"progressToken": 1}))).await,
        ada.modern("/mcp", "tools/call", meta(json!({"progressToken": 1}))).await,
        ada.modern("/mcp", "tools/call", meta(level)).await,
    ] {
        assert_eq!(news.headers["content-type"], "text/event-stream");
        assert!(news.text.starts_with(": "), "{}", news.text);
        assert_eq!(news.message()["error"]["data"], 1);
    }
    // What is answered soon needs none of it.
    slow.takes(Duration::ZERO);
    let soon = ada.rpc("/mcp", "tools/call", params).await;
    assert!(soon.text.starts_with('{') && soon.headers.contains_key("content-length"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_call_is_cancelled_by_name() {
    let (world, slow, ada) = scene().await;
    slow.takes(Duration::from_secs(600));
    let session = ada.session("/mcp").await;
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": ACT}})
        .to_string();
    let address = world.service.address;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nAccept: */*\r\n\
         Content-Type: application/json\r\nMcp-Session-Id: {}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        ada.key,
        session.header("mcp-session-id"),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let count = stream.read(&mut answer).await.unwrap();
    answer.truncate(count);
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    session.post("/mcp", &[], cancel.to_string()).await;
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("application/json"), "{answer}");
    // Whoever reads it all the same finds a whole message.
    let message =
        answer.lines().find(|line| line.contains("jsonrpc")).unwrap_or_else(|| panic!("{answer}"));
    let message: Value = serde_json::from_str(message.trim()).unwrap();
    assert_eq!(
        (&message["id"], &message["error"]["message"]),
        (&json!(7), &json!("the request was cancelled"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn real_clients_read_a_late_result_of_any_size() {
    let (world, slow, ada) = scene().await;
    slow.results(json!({"content": [{"type": "text", "text": large()}]}));
    let url = format!("{}/mcp", world.address());
    let tools = tool("package.json").parent().unwrap().to_owned();
    let scripts = root().join("e2e/sdk");
    let (calls, silent) = (json!([{"name": ACT, "arguments": {}}]).to_string(), "silent");
    let mut commands = Vec::new();
    for (sdk, era) in [("v1", "legacy"), ("v2", "legacy"), ("v2", "modern")] {
        let mut command = Command::new(program("node"));
        command.env("GATEHALL_TEST_TOOLS", &tools).arg(scripts.join("client.mjs"));
        command.args([sdk, era, &url, &ada.key, &calls, silent]);
        commands.push(command);
    }
    for era in ["legacy", "modern"] {
        let mut command = Command::new(tool("python/bin/python"));
        command.arg(scripts.join("client.py")).args([era, &url, &ada.key, &calls, silent]);
        commands.push(command);
    }
    for mut command in commands {
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {said}");
        let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = &seen["results"][0]["result"]["content"][0]["text"];
        assert!(
            *text == large(),
            "{command:?}: {}",
            seen.to_string().get(..400).unwrap_or_default()
        );
    }
    let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(ada.key.clone());
    let client = ().serve(StreamableHttpClientTransport::from_config(config)).await.unwrap();
    let result = json!(client.call_tool(CallToolRequestParams::new(ACT)).await.unwrap());
    assert!(result["content"][0]["text"] == large());
    client.cancel().await.unwrap();
}
