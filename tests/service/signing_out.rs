//! Signing out: only by whoever wants to, whatever becomes of the database; and what every answer of
//! the doors has.

use std::process::{Child, Command, Stdio};

use gatehall_portal::door_paths;
use gatehall_test_support::Kind;
use reqwest::{Client, Method, StatusCode, redirect::Policy};

use crate::{
    on_both,
    sessions::{link, sign_in, who, world},
    support::{World, eventually},
};

on_both!(a_sign_out_counts_at_once_although_the_database_cannot_be_written);

const OUT: &str = "/oauth2/sign_out";

fn browser() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

/// What a browser says of a request of this kind.
fn fetch(site: &str, mode: &str, dest: &str) -> Vec<(&'static str, String)> {
    let values = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
    let mut headers: Vec<_> = values.map(|(name, value)| (name, value.to_owned())).into();
    headers.retain(|(_, value)| !value.is_empty());
    headers
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_out_by_what_a_page_makes_their_browser_ask_for() {
    let world = world(Kind::Sqlite).await;
    let cookie = sign_in(&link(&world).await).await.unwrap();
    let ask = async |headers: &[(&'static str, String)]| {
        let mut asked = browser().get(format!("{}{OUT}", world.address()));
        for (name, value) in headers {
            asked = asked.header(*name, value);
        }
        asked.header("cookie", &cookie).send().await.unwrap()
    };
    let image = ("accept", "image/avif,image/webp,*/*".to_owned());
    let page = ("accept", "text/html".to_owned());
    let prefetch = ("sec-purpose", "prefetch;prerender".to_owned());
    let with = |mut headers: Vec<(&'static str, String)>, more: &[(&'static str, String)]| {
        headers.extend(more.iter().cloned());
        headers
    };
    for (name, headers) in [
        ("an image over plain HTTP, or in an old browser", vec![image.clone()]),
        ("an image of another site", with(fetch("cross-site", "no-cors", "image"), &[image])),
        ("an image of a neighbouring host", fetch("same-site", "no-cors", "image")),
        ("an image in a page of the gate", fetch("same-origin", "no-cors", "image")),
        ("a script", fetch("same-origin", "cors", "empty")),
        ("a frame", fetch("same-origin", "navigate", "iframe")),
        ("a link on another site", fetch("cross-site", "navigate", "document")),
        ("a link in an old browser", vec![page]),
        ("ahead of its time", with(fetch("none", "navigate", "document"), &[prefetch])),
        ("a program", vec![]),
    ] {
        let answer = ask(&headers).await;
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        let form = "<form method=\"post\" action=\"/oauth2/sign_out\">";
        assert!(answer.text().await.unwrap().contains(form), "{name}");
        assert!(who(&world.address(), &cookie).await.is_some(), "{name}");
    }
    let twice =
        with(fetch("none", "navigate", "document"), &[("sec-fetch-site", "cross-site".into())]);
    assert_eq!(ask(&twice).await.status(), StatusCode::BAD_REQUEST, "two answers to who asks");
    assert!(who(&world.address(), &cookie).await.is_some(), "two answers to who asks");
    let opened = ask(&fetch("none", "navigate", "document")).await;
    assert_eq!(opened.status(), StatusCode::SEE_OTHER);
    assert_eq!(who(&world.address(), &cookie).await, None, "the address bar");
}

/// As with oauth2-proxy, the address says where to go afterwards; the page that asks keeps it.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_that_asks_leads_where_the_address_says() {
    let world = world(Kind::Sqlite).await;
    for (rd, kept) in [("/me", "%2Fme"), ("https://evil.example/", "%2F"), ("\"><script>", "%2F")] {
        let url =
            reqwest::Url::parse_with_params(&format!("{}{OUT}", world.address()), [("rd", rd)]);
        let page = browser().get(url.unwrap()).send().await.unwrap().text().await.unwrap();
        assert!(page.contains(&format!("action=\"/oauth2/sign_out?rd={kept}\"")), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }
    let cookie = sign_in(&link(&world).await).await.unwrap();
    let asked = browser().post(format!("{}{OUT}?rd=%2Fme", world.address()));
    let answer = asked.header("cookie", cookie).header("sec-fetch-site", "same-origin");
    assert_eq!(answer.send().await.unwrap().headers()["location"], "/me");
}

/// Keeps anybody from writing, until it is dropped.
struct Blocked(Child);

impl Blocked {
    fn new(world: &World, kind: Kind) -> Self {
        let url = &world.database.url;
        let mut command = match kind {
            Kind::Sqlite => {
                let script = "import sqlite3, sys\nit = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                              it.execute('begin immediate')\nprint('blocked', flush=True)\nsys.stdin.read()";
                let mut command = Command::new("python3");
                command.args(["-c", script, url.trim_start_matches("sqlite:")]);
                command
            }
            Kind::Postgres => {
                let mut command = Command::new("psql");
                command.args([url, "--no-psqlrc", "--quiet"]);
                command
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        if kind == Kind::Postgres {
            let stdin = child.stdin.as_mut().unwrap();
            let sql = "begin; lock table gatehall.sessions in exclusive mode;\n\\echo blocked\n";
            std::io::Write::write_all(stdin, sql.as_bytes()).unwrap();
        }
        let mut said = [0; 8];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
        assert_eq!(&said, b"blocked\n");
        Self(child)
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn a_sign_out_counts_at_once_although_the_database_cannot_be_written(kind: Kind) {
    let world = world(kind).await;
    let other = world.replica().await;
    let other_address = format!("http://{}", other.address);
    let cookie = sign_in(&link(&world).await).await.unwrap();
    eventually("the other replica knows the session", async || who(&other_address, &cookie).await)
        .await;
    let blocked = Blocked::new(&world, kind);
    let asked = browser().post(format!("{}{OUT}", world.address()));
    let asked = asked.header("cookie", &cookie).header("sec-fetch-site", "same-origin");
    let answer = asked.send().await.unwrap();
    let forgets = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(forgets.starts_with("__Host-gatehall=;"), "{forgets}");
    let page = answer.text().await.unwrap();
    assert!(page.contains("You are signed out here") && page.contains("other replicas"), "{page}");
    assert_eq!(who(&world.address(), &cookie).await, None, "here it has ended");
    assert!(who(&other_address, &cookie).await.is_some(), "the other cannot know yet");
    drop(blocked);
    eventually("the other replica hears of it", async || {
        who(&other_address, &cookie).await.is_none().then_some(())
    })
    .await;
    assert_eq!(who(&world.address(), &cookie).await, None);
    other.stop(std::future::pending()).await;
}

/// Every path of the doors, asked in every way, also in ways that it cannot read.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_doors_is_protected_and_repeats_nothing() {
    let world = world(Kind::Sqlite).await;
    let long = "x".repeat(4000);
    let script = "%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let values = [script, "%FF", "..%2F..%2F", long.as_str(), "generic", ""];
    let own = [
        "/.well-known/jwks.json",
        "/.well-known/oauth-protected-resource/mcp",
        "/auth/traefik",
        "/oauth2/auth",
        "/.well-known/gatehall-arrival",
    ];
    let paths = door_paths();
    assert!(paths.len() >= 10);
    for path in paths.iter().map(|it| (*it, true)).chain(own.map(|it| (it, false))) {
        let (path, page) = path;
        for value in values {
            let (head, rest) = path.split_once('{').unwrap_or((path, ""));
            let asked = if rest.is_empty() { path.to_owned() } else { format!("{head}{value}") };
            let queries = [
                String::new(),
                format!("?provider={value}&rd={value}&state={value}&again={value}&error={value}"),
                format!("?provider={value}&provider=b&rd={value}&rd=b&iss={value}&sid={value}"),
            ];
            for query in queries {
                for method in
                    [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS]
                {
                    let url = format!("{}{asked}{query}", world.address());
                    let answer = browser().request(method.clone(), &url).send().await.unwrap();
                    if asked.ends_with('/') {
                        continue; // No path of the doors.
                    }
                    let headers = answer.headers().clone();
                    let text = |name: &str| headers.get(name).map_or("", |it| it.to_str().unwrap());
                    let what = format!("{method} {url}: {} {headers:?}", answer.status());
                    assert!(!answer.status().is_server_error() || answer.status() == 503, "{what}");
                    assert_eq!(text("x-content-type-options"), "nosniff", "{what}");
                    assert!(
                        text("content-security-policy").contains("default-src 'none'"),
                        "{what}"
                    );
                    assert!(text("content-security-policy").contains("frame-ancestors"), "{what}");
                    if page {
                        assert_eq!(text("cache-control"), "no-store", "{what}");
                        assert_eq!(text("referrer-policy"), "no-referrer", "{what}");
                    }
                    let body = answer.text().await.unwrap();
                    assert!(!body.contains("<script") && !body.contains(&long), "{what}: {body}");
                    assert!(body.len() < 16_000, "{what}");
                }
            }
        }
    }
}
