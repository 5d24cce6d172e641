//! The portal: who may enter which page, and what changes do.

mod accounts;
mod care;
mod changes;
mod commands;
mod document;
mod fresh;
mod open_webui;
mod quotes;
mod tables;
mod told;
mod undo;
mod unread;
mod walls;

use gatehall::settings::ServeSettings;
use gatehall_control::operation::provider::{ProviderEdit, change};
use gatehall_domain::{Digest, ProviderId, ProviderLogin, Session};
use gatehall_test_support::{Kind, tool};
use reqwest::{Client, Method, Response, StatusCode, redirect::Policy};
use serde_json::{Value, json};

use crate::support::World;

pub(crate) const ADA: &str = "ada@company.example";
pub(crate) const ALICE: &str = "alice@google.example";
/// Manages google.
pub(crate) const TINA: &str = "tina@google.example";
/// Manages microsoft.
pub(crate) const MIKE: &str = "mike@microsoft.example";

/// A company with one of each thing.
pub(crate) async fn company(kind: Kind) -> World {
    company_with(kind, |_| ()).await
}

/// The same with settings of its own.
pub(crate) async fn company_with(kind: Kind, set: impl Fn(&mut ServeSettings)) -> World {
    let time = tool("python/bin/mcp-server-time");
    let world = World::with(
        kind,
        json!({
            "tenants": [{"id": "google", "name": "Google"}, {"id": "microsoft"}],
            "servers": [{"id": "time", "command": time, "credential_variables": ["KEY"]}, {"id": "web", "url": "http://127.0.0.1:9/mcp"}],
            "connections": [
                {"tenant": "google", "server": "time"},
                {"tenant": "microsoft", "server": "time"},
                {"tenant": "google", "server": "web"},
            ],
            "groups": [{"name": "google-people"}, {"name": "MCP-Admin"}],
            "users": [
                {"email": ADA, "name": "Ada", "groups": ["MCP-Admin"]},
                {"email": ALICE, "name": "Alice", "groups": ["google-people"]},
                {"email": TINA, "manages": ["google"]},
                {"email": MIKE, "manages": ["microsoft"]},
            ],
            "grants": [
                {"group": "google-people", "tenant": "google"},
                {"user": MIKE, "connection": "microsoft/time", "tools": "get_*"},
            ],
            "providers": [{"id": "entra", "issuer": "http://127.0.0.1:9", "client_id": "x", "enabled": false}],
            "host_rules": [{"host": "app.example.com", "path": "/", "admit": "signed-in"}],
        }),
        set,
    )
    .await;
    world.has_tools(4).await;
    world
}

/// Somebody with a browser, perhaps signed in.
pub(crate) struct Visitor {
    address: String,
    cookie: Option<String>,
    http: Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) text: String,
    /// What the browser is to keep, or to forget.
    pub(crate) cookies: Vec<String>,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The revision that a page was sent on with.
    pub(crate) fn revision(&self) -> u64 {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.location.rsplit_once("done=").unwrap().1.parse().unwrap()
    }
}

impl Visitor {
    pub(crate) fn nobody(world: &World) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { address: world.address(), cookie: None, http }
    }

    /// The same person at another gate, as soon as that one knows the session, too.
    pub(crate) async fn at(&self, address: &str) -> Self {
        let (cookie, http) = (self.cookie.clone(), self.http.clone());
        let visitor = Self { address: address.to_owned(), cookie, http };
        visitor.known().await;
        visitor
    }

    /// Waits until the gate has read the session from the store.
    async fn known(&self) {
        crate::support::eventually("the gate knows the session", async || {
            (self.get("/oauth2/userinfo").await.status == StatusCode::OK).then_some(())
        })
        .await;
    }

    /// Somebody who came by a link so many seconds ago.
    pub(crate) async fn signed_in(world: &World, email: &str, seconds_ago: i64) -> Self {
        Self::with_session(world, email, seconds_ago, None).await
    }

    /// Somebody who signed in with the provider so many seconds ago, which is enabled for that.
    pub(crate) async fn by_provider(world: &World, email: &str, seconds_ago: i64) -> Self {
        let id: ProviderId = "entra".parse().unwrap();
        let edit = ProviderEdit { enabled: Some(true), ..ProviderEdit::default() };
        let vault = world.desk.vault();
        world.change(|snapshot| change(snapshot.company(), vault, &id, &edit)).await;
        let login = ProviderLogin {
            provider: id,
            issuer: "https://id.example".into(),
            subject: email.into(),
            session: None,
            issued_at: None,
            id_token: None,
        };
        Self::with_session(world, email, seconds_ago, Some(login)).await
    }

    async fn with_session(
        world: &World,
        email: &str,
        seconds_ago: i64,
        login: Option<ProviderLogin>,
    ) -> Self {
        let desk = &world.desk;
        let snapshot = desk.snapshot().await.unwrap();
        let user = snapshot.company().user_by_email(&email.parse().unwrap()).unwrap().id;
        let now = desk.clock().now();
        let (began, end) = (now.plus_seconds(-seconds_ago), now.plus_seconds(3600));
        // A cookie as the doors seal it: secret, user, beginning, end.
        let secret: [u8; 32] = std::array::from_fn(|_| uuid::Uuid::new_v4().as_bytes()[0]);
        let mut ticket = secret.to_vec();
        ticket.extend_from_slice(user.0.as_bytes());
        // So old that the gate lets nobody in by the seal alone, before it has the record.
        ticket.extend_from_slice(&began.plus_seconds(-60).micros().to_be_bytes());
        ticket.extend_from_slice(&end.micros().to_be_bytes());
        let name = "__Host-gatehall";
        let value = desk.vault().seal_token("session", name, &ticket).unwrap();
        let session = Session {
            id: digest(&secret),
            user,
            login,
            authenticated_at: began,
            created_at: now,
            seen_at: now,
            expires_at: end,
            ended_at: None,
        };
        desk.store().add_sessions(&[session]).await.unwrap();
        let visitor = Self { cookie: Some(format!("{name}={value}")), ..Self::nobody(world) };
        visitor.known().await;
        visitor
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send(Method::GET, path, &[]).await
    }

    /// Goes where a form led, with what the browser was told to keep.
    pub(crate) async fn follow(&self, led: &Seen) -> Seen {
        self.follow_to(&led.location, led).await
    }

    /// The same to another address.
    pub(crate) async fn follow_to(&self, path: &str, led: &Seen) -> Seen {
        let kept = led.cookies.iter().filter_map(|it| it.split(';').next());
        let own = self.cookie.as_deref().into_iter();
        let cookies: Vec<&str> = own.chain(kept).collect();
        let request = self.http.get(format!("{}{path}", self.address));
        seen(request.header("cookie", cookies.join("; ")).send().await.unwrap()).await
    }

    /// Sends a form from a page at this address.
    pub(crate) async fn from(&self, referer: &str, path: &str, form: &'static str) -> Seen {
        let request = self
            .http
            .post(format!("{}{path}", self.address))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", self.cookie.as_deref().unwrap_or_default())
            .header("referer", referer);
        seen(request.body(form).send().await.unwrap()).await
    }

    /// Sends a file, as the form for one does without script.
    pub(crate) async fn post_file(&self, path: &str, name: &str, bytes: &[u8]) -> Seen {
        let head = format!(
            "--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        );
        let request = self
            .http
            .post(format!("{}{path}", self.address))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "multipart/form-data; boundary=part")
            .header("cookie", self.cookie.as_deref().unwrap_or_default());
        let body = [head.as_bytes(), bytes, b"\r\n--part--\r\n"].concat();
        seen(request.body(body).send().await.unwrap()).await
    }

    /// Sends JSON, which has to be taken.
    pub(crate) async fn api(&self, method: Method, path: &str, body: &Value) -> Seen {
        let request = self
            .http
            .request(method, format!("{}{path}", self.address))
            .header("sec-fetch-site", "same-origin")
            .header("cookie", self.cookie.as_deref().unwrap_or_default());
        let seen = seen(request.json(body).send().await.unwrap()).await;
        assert_eq!(seen.status, StatusCode::OK, "{path}: {}", seen.text);
        seen
    }

    /// Sends a form, as a page of the gate's own.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        self.send(Method::POST, path, fields).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Seen {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.address))
            .header("sec-fetch-site", "same-origin");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if path.starts_with("/api/") {
            if method != Method::GET {
                // Forms have texts alone, JSON has numbers.
                let member = |(name, value): &(&str, &str)| match value.parse::<u64>() {
                    Ok(number) if *name == "revision" => ((*name).to_owned(), number.into()),
                    _ => ((*name).to_owned(), (*value).into()),
                };
                let members: serde_json::Map<String, Value> = fields.iter().map(member).collect();
                request = request.json(&members);
            }
        } else if method == Method::POST {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            let form = form.extend_pairs(fields).finish();
            request =
                request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        seen(request.send().await.unwrap()).await
    }

    /// The same from a page of another site.
    pub(crate) async fn post_from_elsewhere(&self, path: &str) -> Seen {
        let request = self
            .http
            .post(format!("{}{path}", self.address))
            .header("sec-fetch-site", "cross-site")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", self.cookie.as_deref().unwrap_or_default());
        seen(request.body("enabled=false").send().await.unwrap()).await
    }
}

async fn seen(response: Response) -> Seen {
    let location = response.headers().get("location");
    let location = location.map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default();
    let cookies = response.headers().get_all("set-cookie").iter();
    let cookies = cookies.map(|it| it.to_str().unwrap().to_owned()).collect();
    let status = response.status();
    Seen { status, location, text: response.text().await.unwrap(), cookies }
}

fn digest(secret: &[u8]) -> Digest {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret);
    Digest(hash.as_ref().try_into().unwrap())
}

/// The version of a record that a page was made of.
pub(crate) fn seen_in(page: &Seen) -> String {
    let (_, rest) = page.text.split_once("name=\"seen\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}
