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
use tokio::sync::mpsc;

use crate::support::{Client, Program, Reply, Told, World, eventually, free_port, welcome};

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

/// A list of so many tools.
fn tools(count: usize) -> Reply {
    let tools =
        (0..count).map(|at| json!({"name": format!("t{at}"), "inputSchema": {"type": "object"}}));
    json!({"tools": tools.collect::<Vec<_>>()}).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_told_on_the_stream_of_a_call_is_seen_and_a_thousand_cost_little() {
    let offered = Arc::new(AtomicUsize::new(1));
    let offers = Arc::clone(&offered);
    let told = Told::start(move |message| match message["method"].as_str() {
        Some("tools/list") => Some(tools(offers.load(Ordering::SeqCst))),
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

/// A server whose gate listens to the stream on which it tells of changes.
struct Talking {
    told: Told,
    says: mpsc::UnboundedSender<Vec<u8>>,
    offers: Arc<AtomicUsize>,
    world: World,
}

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

impl Talking {
    async fn start() -> Self {
        let offered = Arc::new(AtomicUsize::new(1));
        let (says, heard) = mpsc::unbounded_channel();
        let offers = Arc::clone(&offered);
        let told = Told::start_saying(heard, move |message| match message["method"].as_str() {
            Some("initialize") => {
                Some(welcome(json!({"capabilities": {"tools": {"listChanged": true}}})).into())
            }
            Some("tools/list") => Some(tools(offered.load(Ordering::SeqCst))),
            _ => None,
        })
        .await;
        let (world, _ada) = gate(json!({"id": "s", "url": told.url})).await;
        let talking = Self { told, says, offers, world };
        // It is heard from here on.
        talking.offers(2, &event(CHANGED)).await;
        talking
    }

    fn says(&self, text: impl Into<Vec<u8>>) {
        self.says.send(text.into()).unwrap();
    }

    /// Offers so many tools from now on, says so in these words, and waits until the gate knows.
    async fn offers(&self, count: usize, words: &str) {
        self.offers.store(count, Ordering::SeqCst);
        self.says(words);
        self.world.has_tools(count as u64).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_whether_somebody_listens_is_answered() {
    let talking = Talking::start().await;
    for (id, method) in [("p-1", "ping"), ("r-2", "roots/list")] {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method});
        talking.says(event(&request.to_string()));
        let told = async || talking.told.answered(id);
        let answer = eventually("what it asks is answered", told).await;
        let is_known = method == "ping";
        assert_eq!(answer.get("result") == Some(&json!({})), is_known, "{answer}");
        assert_eq!(answer["error"]["code"] == -32601, !is_known, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_told_among_other_messages_is_seen() {
    let talking = Talking::start().await;
    let other = r#"{"jsonrpc":"2.0","method":"notifications/other"}"#;
    talking.offers(3, &event(&format!("[{other},7,{CHANGED}]"))).await;
    // Too many at once are passed over, and what follows is not.
    talking.says(event(&format!("[{}7]", "7,".repeat(1000))));
    talking.offers(4, &event(CHANGED)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_ends_no_stream_that_tells_of_changes() {
    let talking = Talking::start().await;
    talking.says(*b"data: \xff\n\n");
    talking.offers(3, &event(CHANGED)).await;
    assert!(!talking.says.is_closed(), "the stream was given up");
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
