//! Bodies that nobody reads to their end: the answer arrives all the same, whichever place refuses,
//! and however the body is sent.

use std::process::Stdio;

use gatehall_control::operation::key::{KeyOrder, add};
use gatehall_test_support::{Kind, program, root};
use http_body_util::{BodyExt, StreamBody};
use hyper::{Request, body::Frame, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};

use crate::{
    portal::{ADA, company},
    support::{Client, World},
};

async fn scene() -> (World, Client) {
    let world = company(Kind::Sqlite).await;
    // One that manages, so that the portal's API reads what it sends.
    let order = KeyOrder {
        name: "manager".into(),
        user: Some(ADA.parse().unwrap()),
        tenant: None,
        manage: true,
        expires_at: None,
    };
    let now = world.desk.clock().now();
    let key = world.desk.change(|snapshot| add(snapshot.company(), &order, now)).await.unwrap();
    world.catch_up().await;
    let ada = Client::new(world.address(), key.text.expose_secret());
    (world, ada)
}

const LARGE: usize = 8 << 20;

/// What each place that refuses answers, to a body of 8 MB.
fn places(key: &str) -> Vec<(u16, Value)> {
    let all = |more: Value| {
        let mut headers = json!({"authorization": format!("Bearer {key}"),
            "accept": "application/json, text/event-stream", "content-type": "application/json"});
        for (name, value) in more.as_object().unwrap() {
            headers[name] = value.clone();
        }
        headers
    };
    let plain = all(json!({}));
    let form = json!({"content-type": "application/x-www-form-urlencoded", "accept": "text/html",
        "sec-fetch-site": "same-origin"});
    let place = |status: u16, method: &str, path: &str, headers: &Value| {
        (status, json!({"method": method, "path": path, "headers": headers}))
    };
    vec![
        place(413, "POST", "/mcp", &plain),
        place(413, "POST", "/mcp/google", &plain),
        place(413, "POST", "/tools/google_time_get_current_time", &plain),
        place(413, "POST", "/t/google/tools/google_time_get_current_time", &plain),
        place(413, "POST", "/api/v1/groups", &plain),
        place(413, "POST", "/groups", &form),
        place(303, "POST", "/oauth2/sign_out", &form),
        place(401, "POST", "/mcp", &all(json!({"authorization": "Bearer ghk_x_y"}))),
        place(401, "POST", "/tools/x", &all(json!({"authorization": "Bearer ghk_x_y"}))),
        place(401, "POST", "/api/v1/groups", &all(json!({"authorization": "Bearer ghk_x_y"}))),
        place(403, "POST", "/mcp", &all(json!({"origin": "https://evil.example"}))),
        place(400, "POST", "/mcp", &all(json!({"mcp_session_id": "x"}))),
        place(404, "POST", "/nothing/here", &plain),
        place(405, "PUT", "/mcp", &plain),
        place(405, "PUT", "/openapi.json", &plain),
        place(406, "POST", "/mcp", &all(json!({"accept": "text/html"}))),
        place(415, "POST", "/mcp", &all(json!({"content-type": "text/plain"}))),
        place(405, "POST", "/health", &plain),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_arrives_at_node_every_time() {
    const TIMES: usize = 20;
    let (world, ada) = scene().await;
    let mut requests = Vec::new();
    for (status, place) in places(&ada.key) {
        let ways: &[(&str, bool)] = match status {
            413 => &[("fetch", false), ("fetch", true), ("request", false), ("request", true)],
            _ => &[("fetch", false)],
        };
        for (http, chunked) in ways {
            let mut request = place.clone();
            request["http"] = json!(http);
            request["chunked"] = json!(chunked);
            request["bytes"] = json!(LARGE);
            requests.push((status, request));
        }
    }
    let asked: Vec<&Value> = requests.iter().map(|(_, request)| request).collect();
    let output = Command::new(program("node"))
        .arg(root().join("e2e/sdk/refused.mjs"))
        .args([&world.address(), &TIMES.to_string(), &json!(asked).to_string()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let seen = seen.as_array().unwrap();
    assert_eq!(seen.len(), requests.len(), "{seen:?}");
    let wrong: Vec<_> = requests
        .iter()
        .zip(seen)
        .filter(|((status, _), counts)| **counts != json!({status.to_string(): TIMES}))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What comes back over a connection on which this is written.
async fn say(world: &World, parts: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(world.service.address).await.unwrap();
    for part in parts {
        stream.write_all(part).await.unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(world: &World, key: &str, path: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nAccept: */*\r\n\
         Content-Type: application/json\r\n{more}\r\n",
        world.service.address
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_when_it_has_sent_all_reads_the_refusal() {
    let (world, ada) = scene().await;
    let body = vec![b' '; LARGE];
    for path in ["/mcp", "/api/v1/groups", "/nothing/here"] {
        let head = head(&world, &ada.key, path, &format!("Content-Length: {LARGE}\r\n"));
        let answer = say(&world, &[head.as_bytes(), &body]).await;
        let expected = if path == "/nothing/here" { "404" } else { "413" };
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{path}: {answer}");
        // It is told that this connection has no future, and then there is none.
        assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_offered_is_not_asked_for() {
    let (world, ada) = scene().await;
    for (path, key, status) in [
        ("/mcp", ada.key.as_str(), "413"),
        ("/tools/x", &ada.key, "413"),
        ("/mcp", "ghk_x_y", "401"),
        ("/nothing/here", "ghk_x_y", "404"),
    ] {
        let more = format!("Content-Length: {LARGE}\r\nExpect: 100-continue\r\n");
        let mut stream = TcpStream::connect(world.service.address).await.unwrap();
        stream.write_all(head(&world, key, path, &more).as_bytes()).await.unwrap();
        let mut first = vec![0; 4096];
        let count = stream.read(&mut first).await.unwrap();
        let answer = String::from_utf8_lossy(&first[..count]).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{path}: {answer}");
        // One that sends it all the same is heard out.
        stream.write_all(&vec![b' '; LARGE]).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("HTTP/1.1"), "{path}");
    }
    // What is wanted is asked for.
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let more = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", ping.len());
    let mut stream = TcpStream::connect(world.service.address).await.unwrap();
    stream.write_all(head(&world, &ada.key, "/mcp", &more).as_bytes()).await.unwrap();
    let mut first = vec![0; 25];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&first), "HTTP/1.1 100 Continue\r\n\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_end_is_not_read_for_ever() {
    let (world, _) = scene().await;
    let mut stream = TcpStream::connect(world.service.address).await.unwrap();
    let head = head(&world, "ghk_x_y", "/mcp", "Content-Length: 1000000000000\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (piece, mut sent) = (vec![b' '; 1 << 20], 0);
    while stream.write_all(&piece).await.is_ok() {
        sent += 1;
        assert!(sent < 200, "{sent} MB were taken");
    }
    assert!(sent > 30, "{sent} MB were taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_refused_body_costs_no_connection() {
    let (world, _) = scene().await;
    let body = vec![b' '; 3000];
    let head = head(&world, "ghk_x_y", "/mcp", "Content-Length: 3000\r\n");
    let last = head.replace("Accept", "Connection: close\r\nAccept");
    let answer = say(&world, &[head.as_bytes(), &body, last.as_bytes(), &body]).await;
    assert_eq!(answer.matches("HTTP/1.1 401").count(), 2, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_arrives_in_http_2() {
    let (world, ada) = scene().await;
    let stream = TokioIo::new(TcpStream::connect(world.service.address).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    for (path, key, status) in
        [("/mcp", ada.key.as_str(), 413), ("/mcp", "ghk_x_y", 401), ("/nothing/here", "", 404)]
    {
        let pieces = (0..128).map(|_| {
            Ok::<_, std::io::Error>(Frame::data(bytes::Bytes::from(vec![b' '; 64 << 10])))
        });
        let body = StreamBody::new(futures_util::stream::iter(pieces));
        let request = Request::post(format!("http://{}{path}", world.service.address))
            .header("authorization", format!("Bearer {key}"))
            .header("accept", "*/*")
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert!(!answer.headers().contains_key("connection"), "{answer:?}");
        answer.into_body().collect().await.unwrap();
    }
}
