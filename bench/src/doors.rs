//! What the doors cost: ForwardAuth beside a bare answer, sessions and tokens beside keys, and many
//! who sign in at once.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use gatehall_control::{
    Desk,
    import::{Choice, read},
};
use gatehall_vault::sign_in_token;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    company::email,
    load::{Shot, fire},
    process::Program,
    provider::Provider,
};

/// How many sign in at once.
const VISITORS: usize = 200;

/// The host of the page behind the proxy that is played here.
pub(crate) const HOST: &str = "app.company.example";

/// Adds a provider, and a rule for the host.
pub(crate) async fn prepare(desk: &Desk, provider: &Provider) -> Result<()> {
    let document = json!({
        "providers": [{
            "id": "bench", "issuer": provider.issuer, "client_id": "bench",
            "domains": ["company.example"], "audiences": ["bench-api"],
        }],
        "host_rules": [{ "host": HOST, "admit": "signed-in" }],
    });
    let plan = desk.import(&read("doors.json", &document.to_string())?, Choice::default()).await?;
    ensure!(plan.is_sound(), "the benchmark's own provider is wrong: {plan:?}");
    Ok(())
}

/// The session cookie of the first user.
pub(crate) async fn sign_in(desk: &Desk, gate: SocketAddr) -> Result<String> {
    let snapshot = desk.snapshot().await?;
    let user = snapshot.company().user_by_email(&email(0).parse()?).context("no user")?.id;
    let (token, digest) = sign_in_token()?;
    let now = desk.clock().now();
    desk.store().add_sign_in_link(digest, user, now, now.plus_seconds(60)).await?;
    let link = format!("/sign-in/link/{}", token.expose_secret());
    let head = exchange(gate, "POST", &link, "").await?;
    cookie(&head, "__Host-gatehall=").context("no session")
}

/// ForwardAuth with a session, beside a server that answers 200 and nothing else.
pub(crate) async fn checks(
    bare: (&Program, SocketAddr),
    gate: (&Program, SocketAddr),
    session: &str,
    time: Duration,
) -> Result<()> {
    let headers = format!(
        "x-forwarded-method: GET\r\nx-forwarded-proto: https\r\nx-forwarded-host: {HOST}\r\n\
         x-forwarded-uri: /page?x=1\r\nx-forwarded-for: 192.0.2.7\r\ncookie: {session}\r\n"
    );
    let request = format!("GET /auth/traefik HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    println!("ForwardAuth\n");
    println!("| connections | way | checks/s | of the bare answer | p50 µs | p99 µs | CPU µs |");
    println!("|---|---|---|---|---|---|---|");
    for connections in [1, 16, 64] {
        let mut of_bare = 0.0;
        for (way, (program, address)) in [("bare axum 200", bare), ("Gatehall", gate)] {
            let shot = Shot { address, requests: vec![request.clone().into_bytes()], anew: false };
            fire(&shot, connections, time / 4).await?;
            let before = program.cpu_micros();
            let result = fire(&shot, connections, time).await?;
            let cpu = (program.cpu_micros() - before) / result.rounds as f64;
            let share = match way {
                "Gatehall" => format!("{:.2}", result.per_second() / of_bare),
                _ => String::new(),
            };
            of_bare = result.per_second();
            println!(
                "| {connections} | {way} | {:.0} | {share} | {:.0} | {:.0} | {cpu:.1} |",
                result.per_second(),
                result.percentile(0.5),
                result.percentile(0.99),
            );
        }
    }
    println!();
    Ok(())
}

/// The same call with each kind of proof. `shot` makes it, with these headers.
pub(crate) async fn proofs(
    gate: SocketAddr,
    key: &str,
    session: &str,
    provider: &Provider,
    time: Duration,
    shot: impl Fn(&[(&str, &str)]) -> Vec<u8>,
) -> Result<()> {
    let token = provider.sign(&json!({
        "aud": "bench-api", "sub": "user0", "scope": "tools", "client_id": "chat",
        "email": email(0), "email_verified": true,
    }))?;
    let (key, token) = (format!("Bearer {key}"), format!("Bearer {token}"));
    let ways = [
        ("key", ("authorization", key.as_str())),
        ("session", ("cookie", session)),
        ("access token", ("authorization", token.as_str())),
    ];
    println!("tools/call by proof, 64 connections\n");
    println!("| proof | calls/s | of the key | p50 µs | p99 µs |");
    println!("|---|---|---|---|---|");
    let mut of_key = 0.0;
    for (name, header) in ways {
        let shot = Shot { address: gate, requests: vec![shot(&[header])], anew: false };
        fire(&shot, 64, time / 4).await?;
        let result = fire(&shot, 64, time).await?;
        if name == "key" {
            of_key = result.per_second();
        }
        println!(
            "| {name} | {:.0} | {:.2} | {:.0} | {:.0} |",
            result.per_second(),
            result.per_second() / of_key,
            result.percentile(0.5),
            result.percentile(0.99),
        );
    }
    println!();
    Ok(())
}

/// Many new users sign in at once, each from the first redirect to the session.
pub(crate) async fn crowd(gate: SocketAddr) -> Result<()> {
    let began = Instant::now();
    let visitors: Vec<_> = (0..VISITORS).map(|n| tokio::spawn(visit(gate, n))).collect();
    let mut took = Vec::new();
    for visitor in visitors {
        took.push(visitor.await??);
    }
    took.sort_unstable();
    println!(
        "{VISITORS} new users sign in at once: all after {:.0} ms, p50 {:.0} ms, p99 {:.0} ms\n",
        began.elapsed().as_secs_f64() * 1000.0,
        took[VISITORS / 2].as_secs_f64() * 1000.0,
        took[VISITORS * 99 / 100].as_secs_f64() * 1000.0,
    );
    Ok(())
}

async fn visit(gate: SocketAddr, number: usize) -> Result<Duration> {
    let began = Instant::now();
    let head = exchange(gate, "GET", "/oauth2/start?provider=bench&rd=/", "").await?;
    let attempt = cookie(&head, "__Host-gatehall-login-").context("no attempt")?;
    let part = |name: &str| {
        let rest = head.split(&format!("{name}=")).nth(1)?;
        rest.split(['&', '\r']).next().map(str::to_owned)
    };
    let (state, nonce) = part("state").zip(part("nonce")).context("no redirect")?;
    let path = format!("/oauth2/callback?state={state}&code={nonce}.new{number}");
    let head = exchange(gate, "GET", &path, &format!("cookie: {attempt}\r\n")).await?;
    cookie(&head, "__Host-gatehall=").with_context(|| format!("no session: {head}"))?;
    Ok(began.elapsed())
}

/// The `name=value` of a cookie that an answer sets, whose name begins so.
pub(crate) fn cookie(head: &str, name: &str) -> Option<String> {
    let at = head.find(&format!("set-cookie: {name}"))? + "set-cookie: ".len();
    head[at..].split(';').next().map(str::to_owned)
}

/// One request on a connection of its own, and the head of its answer.
pub(crate) async fn exchange(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
) -> Result<String> {
    let mut stream = TcpStream::connect(to).await?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: 0\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
