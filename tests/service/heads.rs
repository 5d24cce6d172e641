//! Heads of requests that two programs would read in two ways, said over raw sockets: in HTTP/1.0,
//! 1.1 and 2.

use std::net::SocketAddr;

use gatehall_test_support::Kind;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, client::conn::http2, http::request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Client, World};

const ALICE: &str = "alice@google.example";
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;

async fn scene() -> (World, Client) {
    let company = json!({"tenants": [{"id": "google"}], "users": [{"email": ALICE}]});
    let world = World::new(Kind::Sqlite, company).await;
    let alice = world.user(ALICE).await;
    (world, alice)
}

/// Status and body of what a request gets that is written like this. `HERE` is the gate's own host.
async fn say(alice: &Client, address: SocketAddr, request: &str) -> (u16, String) {
    let (line, headers) = request.split_once('\n').unwrap_or((request, ""));
    let headers: String = headers.lines().map(|line| format!("{line}\r\n")).collect();
    let key = &alice.key;
    let mut text =
        format!("{line}\r\n{headers}Authorization: Bearer {key}\r\nConnection: close\r\n");
    if line.starts_with("POST") {
        let length = LIST.len();
        text.push_str(&format!("Accept: */*\r\nContent-Length: {length}\r\n"));
        if !headers.to_lowercase().contains("content-type") {
            text.push_str("Content-Type: application/json\r\n");
        }
    }
    let body = if line.starts_with("POST") { LIST } else { "" };
    let text = format!("{text}\r\n{body}").replace("HERE", &address.to_string());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{text}: {answer}")), answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_for_one_host() {
    let (world, alice) = scene().await;
    let address = world.service.address;
    for (request, expected) in [
        ("POST /mcp HTTP/1.1\nHost: HERE", 200),
        ("POST http://HERE/mcp HTTP/1.1\nHost: HERE", 200),
        ("POST /mcp HTTP/1.0\nHost: HERE", 200),
        ("POST http://HERE/mcp HTTP/1.0", 200),
        // Nobody knows where an old client wants to go, and only some hosts are the gate's.
        ("POST /mcp HTTP/1.0", 403),
        ("GET /health HTTP/1.0", 200),
        ("GET /health HTTP/1.1\nHost: a-probe-says-anything.example", 200),
        ("POST /mcp HTTP/1.1\nHost: evil.example", 403),
        ("POST http://evil.example/mcp HTTP/1.1\nHost: evil.example", 403),
        ("POST http://evil.example/mcp HTTP/1.0", 403),
        ("POST /mcp HTTP/1.1", 400),
        ("POST http://HERE/mcp HTTP/1.1", 400),
        ("POST /mcp HTTP/1.1\nHost: HERE\nHost: HERE", 400),
        ("POST /mcp HTTP/1.1\nHost: HERE\nHost: evil.example", 400),
        ("POST /mcp HTTP/1.1\nHost: evil.example\nhost: HERE", 400),
        ("POST /mcp HTTP/1.0\nHost: HERE\nHost: HERE", 400),
        ("POST http://evil.example/mcp HTTP/1.1\nHost: HERE", 400),
        ("POST http://HERE/mcp HTTP/1.1\nHost: evil.example", 400),
        ("POST http://HERE/mcp HTTP/1.1\nHost: 127.0.0.1", 400),
        ("POST http://me@HERE/mcp HTTP/1.1\nHost: HERE", 400),
        ("POST ftp://HERE/mcp HTTP/1.1\nHost: HERE", 400),
        ("POST /mcp HTTP/1.1\nHost: ", 400),
        ("POST /mcp HTTP/1.1\nHost: me@HERE", 400),
        ("POST /mcp HTTP/1.1\nHost: me:it@HERE", 400),
        ("POST /mcp HTTP/1.1\nHost: evil.example@HERE", 400),
        ("POST /mcp HTTP/1.1\nHost: HERE?", 400),
        ("POST /mcp HTTP/1.1\nHost: HERE/", 400),
        ("POST /mcp HTTP/1.1\nHost: HERE#", 400),
        ("POST /mcp HTTP/1.1\nHost: HERE, evil.example", 400),
        ("POST /mcp HTTP/1.1\nHost: HERE evil.example", 400),
        ("POST /mcp HTTP/1.1\nHost: 127.0.0.1:", 400),
        ("POST /mcp HTTP/1.1\nHost: 127.0.0.1:+80", 400),
        ("POST /mcp HTTP/1.1\nHost: 127.0.0.1:http", 400),
        ("POST /mcp HTTP/1.1\nHost: 127.0.0.1:80:80", 400),
        ("POST /mcp HTTP/1.1\nHost: [::1", 400),
        ("POST /mcp HTTP/1.1\nHost: [localhost]", 400),
        ("POST /mcp HTTP/1.1\nHost: %6cocalhost", 400),
        ("POST /mcp HTTP/1.1\nHost: localhost\\.evil.example", 400),
        // Wherever it leads.
        ("GET /openapi.json HTTP/1.1\nHost: HERE\nHost: HERE", 400),
        ("GET /health HTTP/1.1\nHost: HERE\nHost: HERE", 400),
        ("GET /ready HTTP/1.1", 400),
        ("GET / HTTP/1.1\nHost: me@HERE", 400),
        ("GET /oauth2/sign_in HTTP/1.1\nHost: HERE?", 400),
        ("GET /auth/envoy/x HTTP/1.1\nHost: HERE?\nX-Forwarded-Proto: https", 400),
        (
            "GET http://evil.example/auth/envoy/x HTTP/1.1\nHost: HERE\nX-Forwarded-Proto: https",
            400,
        ),
        ("GET /nothing/here HTTP/1.1\nHost: HERE\nHost: HERE", 400),
        ("GET /api/v1/users HTTP/1.1\nHost: HERE, HERE", 400),
    ] {
        let (status, answer) = say(&alice, address, request).await;
        assert_eq!(status, expected, "{request}: {answer}");
        if expected == 400 {
            let named = answer.contains("Host") || answer.contains("the address of the request");
            assert!(named, "{request}: {answer}");
        }
    }
}

/// What a request gets in HTTP/2, which the client just begins to speak.
async fn say_2(
    address: SocketAddr,
    request: request::Builder,
    body: &'static str,
) -> Response<String> {
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_http_2_the_authority_is_the_host() {
    let (world, alice) = scene().await;
    let address = world.service.address;
    let own = address.to_string();
    for (authority, hosts, expected) in [
        (own.as_str(), &[][..], 200),
        (&own, &[own.as_str()], 200),
        ("evil.example", &[], 403),
        ("evil.example", &["evil.example"], 403),
        ("evil.example", &[&own], 400),
        (&own, &["evil.example"], 400),
        (&own, &[&own, "evil.example"], 400),
        (&own, &["me@localhost"], 400),
        ("me@localhost", &[], 400),
        ("me:it@localhost", &["localhost"], 400),
        ("evil.example@localhost", &[], 400),
    ] {
        let mut request = Request::post(format!("http://{authority}/mcp"))
            .header("authorization", format!("Bearer {}", alice.key))
            .header("accept", "*/*")
            .header("content-type", "application/json");
        for host in hosts {
            request = request.header("host", *host);
        }
        let answer = say_2(address, request, LIST).await;
        assert_eq!(answer.status(), expected, "{authority} {hosts:?}: {}", answer.body());
    }
    // A sign-in begins at the gate's own host, whichever the browser came to.
    let start = Request::get("http://other.example/oauth2/start?rd=/x");
    let answer = say_2(address, start, "").await;
    let home = format!("http://localhost:{}/oauth2/start?rd=/x", address.port());
    assert_eq!(answer.headers()["location"], home, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_is_the_gates_own_only_with_its_scheme() {
    let (world, alice) = scene().await;
    let address = world.service.address;
    for (origin, expected) in [
        ("http://HERE", 200),
        ("https://HERE", 403),
        ("HTTP://HERE", 403),
        ("ws://HERE", 403),
        ("http://HERE/", 403),
        ("http://me@HERE", 403),
        ("http://HERE.evil.example", 403),
        ("http://HERE http://evil.example", 403),
        ("http://127.0.0.1", 403),
        ("HERE", 403),
        ("//HERE", 403),
        ("null", 403),
        ("", 403),
        ("http://HERE\nOrigin: http://HERE", 400),
        ("http://HERE\nOrigin: http://evil.example", 400),
    ] {
        for line in ["POST /mcp HTTP/1.1", "GET /openapi.json HTTP/1.1"] {
            let request = format!("{line}\nHost: HERE\nOrigin: {origin}");
            let (status, answer) = say(&alice, address, &request).await;
            assert_eq!(status, expected, "{request}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_decides_is_said_once_and_in_one_spelling() {
    let (world, alice) = scene().await;
    let address = world.service.address;
    let session = alice.session("/mcp").await;
    for (headers, expected) in [
        ("Accept: application/json\nAccept: text/event-stream", 200),
        ("X-Of_Somebody: 1", 200),
        ("MCP-Protocol-Version: 2025-06-18", 200),
        ("MCP-Protocol-Version: 2025-06-18\nMCP-Protocol-Version: 2025-06-18", 400),
        ("MCP-Protocol-Version: 2025-06-18\nmcp-protocol-version: 2025-03-26", 400),
        ("MCP-Protocol-Version: 2025-06-18\nMCP-Protocol-Version: 2026-07-28", 400),
        ("MCP-Protocol-Version: 2025-06-18\nMCP_Protocol_Version: 2026-07-28", 400),
        ("MCP_Protocol-Version: 2025-06-18", 400),
        ("Mcp-Method: tools/list", 200),
        ("Mcp-Method: tools/call", 400),
        ("Mcp-Method: tools/list\nMcp-Method: tools/call", 400),
        ("Mcp-Name: a\nMcp-Name: b", 400),
        ("Mcp_Name: a", 400),
        ("Mcp-Param_Region: a", 400),
        ("Mcp-Session-Id: SESSION", 200),
        ("Mcp-Session-Id: SESSION\nMcp-Session-Id: SESSION", 400),
        ("Mcp-Session-Id: SESSION\nMcp-Session-Id: other", 400),
        ("Mcp_Session_Id: SESSION", 400),
        ("Content-Type: application/json\nContent-Type: application/json", 400),
        ("Content-Type: application/json\nContent-Type: text/plain", 400),
        ("Content_Type: application/json", 400),
        ("Sec-Fetch-Site: same-origin\nSec-Fetch-Site: cross-site", 400),
        ("X_Forwarded_For: 10.0.0.1", 400),
        ("X_OpenWebUI-User-Jwt: x", 400),
        // A proof has a status of its own.
        ("Authorization: Bearer other", 401),
    ] {
        let headers = headers.replace("SESSION", session.header("mcp-session-id"));
        let request = format!("POST /mcp HTTP/1.1\nHost: HERE\n{headers}");
        let (status, answer) = say(&alice, address, &request).await;
        assert_eq!(status, expected, "{request}: {answer}");
        if expected == 400 {
            let last = headers.lines().last().unwrap().split(':').next().unwrap().to_lowercase();
            assert!(answer.to_lowercase().contains(&last), "{request}: it is named: {answer}");
            let body = answer.split_once("\r\n\r\n").unwrap().1;
            let message: Value = serde_json::from_str(body).unwrap();
            assert_eq!(message["jsonrpc"], "2.0", "{message}");
        }
    }
    let id = session.header("mcp-session-id");
    let delete = format!("DELETE /mcp HTTP/1.1\nHost: HERE\nMcp-Session-Id: {id}");
    let twice = format!("{delete}\nMcp-Session-Id: {id}");
    assert_eq!(say(&alice, address, &twice).await.0, 400);
    assert_eq!(say(&alice, address, &delete).await.0, 204);
}
