//! Servers that say that their tools have changed are looked at again at once, and not too often.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use gatehall_test_support::{Kind, program, tool};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Client, Program, Reply, Told, World, eventually, free_port};

const ADA: &str = "ada@company.example";
const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

async fn gate(server: Value) -> (World, Client) {
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [server],
        "connections": [{"tenant": "google", "server": "s"}],
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    world.has_tools(1).await;
    let ada = world.user(ADA).await;
    (world, ada)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_told_on_the_stream_of_a_call_is_seen_and_a_thousand_cost_little() {
    let offered = Arc::new(AtomicUsize::new(1));
    let offers = Arc::clone(&offered);
    let told = Told::start(move |message| match message["method"].as_str() {
        Some("tools/list") => {
            let count = offers.load(Ordering::SeqCst);
            let tools = (0..count)
                .map(|at| json!({"name": format!("t{at}"), "inputSchema": {"type": "object"}}));
            Some(json!({"tools": tools.collect::<Vec<_>>()}).into())
        }
        Some("tools/call") => {
            offers.fetch_add(1, Ordering::SeqCst);
            let result = json!({"content": [{"type": "text", "text": "fine"}]}).to_string();
            Some(Reply { result, notes: vec![CHANGED.to_owned(); 1000] })
        }
        _ => None,
    })
    .await;
    let (world, ada) = gate(json!({"id": "s", "url": told.url})).await;
    let (began, before) = (Instant::now(), told.asked("tools/list").len());
    for count in 2..6 {
        let answer = ada.call("/mcp/google/s", "t0", json!({})).await.message();
        assert_eq!(answer["result"]["content"][0]["text"], "fine", "{answer}");
        world.has_tools(count).await;
    }
    let looks = told.asked("tools/list").len() - before;
    let most = began.elapsed().as_secs() as usize + 2;
    assert!(looks <= most, "{looks} looks in {most} seconds");
}

const PYTHON: &str = r#"
import os
from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("growing")

@server.tool()
async def grow(context: Context) -> str:
    server.add_tool(lambda: "more", name="more", description="More")
    await context.notify_tools_changed()
    return "grown"

port = os.environ.get("PORT")
server.run("streamable-http", host="127.0.0.1", port=int(port)) if port else server.run("stdio")
"#;

/// Of the legacy era alone.
const TYPESCRIPT: &str = r#"
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
const sdk = process.argv[2];
const { McpServer } = await import(`${sdk}/server/mcp.js`);
const { StreamableHTTPServerTransport } = await import(`${sdk}/server/streamableHttp.js`);
const { StdioServerTransport } = await import(`${sdk}/server/stdio.js`);
const says = (text) => async () => ({ content: [{ type: 'text', text }] });
const growing = () => {
  const server = new McpServer({ name: 'growing', version: '1' });
  let count = 0;
  server.registerTool('grow', { description: 'Grows' }, () => {
    server.registerTool(`more${count++}`, { description: 'More' }, says('more'));
    return says('grown')();
  });
  return server;
};
const sessions = new Map();
const answer = async (request, response) => {
  let transport = sessions.get(request.headers['mcp-session-id']);
  if (!transport) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => sessions.set(id, transport),
    });
    await growing().connect(transport);
  }
  await transport.handleRequest(request, response);
};
if (process.env.PORT) createServer(answer).listen(Number(process.env.PORT), '127.0.0.1');
else await growing().connect(new StdioServerTransport());
"#;

/// Real servers that offer more and say so at a time of their own, each on the stream that its
/// transport and era have for that.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_real_servers_tell_of_by_themselves_is_seen() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let (python, node) = (tool("python/bin/python"), program("node"));
    let sdk = tool("node_modules/@modelcontextprotocol/sdk/dist/esm").display().to_string();
    let modern = vec![write("server.py", PYTHON)];
    let legacy = vec![write("server.mjs", TYPESCRIPT), sdk];
    for (command, arguments) in [(&python, modern), (&node, legacy)] {
        let served = Program::start(command, &arguments, free_port()).await;
        for server in [
            json!({"id": "s", "command": command, "arguments": arguments}),
            json!({"id": "s", "url": format!("{}/mcp", served.url)}),
        ] {
            let (_world, ada) = gate(server.clone()).await;
            // It may have to be asked to tell, which takes a moment.
            eventually("the new tool is listed", async || {
                let answer = ada.call("/mcp/google/s", "grow", json!({})).await.message();
                assert_eq!(answer["result"]["content"][0]["text"], "grown", "{answer}");
                (ada.tools("/mcp/google/s").await.len() > 1).then_some(())
            })
            .await;
        }
    }
}
