//! Small servers that do what servers should not.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use gatehall_domain::{Clock, Timestamp};
use gatehall_identity::{Finding, Health};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{
    Names, Ports, Side,
    certificate::tests::{Authority, params},
    look,
};

pub(crate) const GATE: &str = "admin.x.example";
pub(crate) const CHAT: &str = "app.x.example";
pub(crate) const NOW: &str = "2027-01-01T12:00:00Z";

/// What a server says to the head of a request.
pub(crate) type Says = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// An answer in HTTP/1.1.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Serves until the runtime ends; with TLS if there is a certificate.
pub(crate) async fn serve(certificate: Option<Arc<ServerConfig>>, says: Says) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (says, certificate) = (Arc::clone(&says), certificate.clone());
            tokio::spawn(async move {
                match certificate {
                    None => converse(stream, &says).await,
                    Some(config) => {
                        if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                            converse(stream, &says).await;
                        }
                    }
                }
            });
        }
    });
    port
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, says: &Says) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => head.extend_from_slice(&buffer[..count]),
            _ => return,
        }
        // The beginning of TLS, which is no HTTP.
        if head[0] == 0x16 {
            let _ = stream.write_all(answer("400 Bad Request", "", "").as_bytes()).await;
            return;
        }
    }
    let said = says(&String::from_utf8_lossy(&head));
    let _ = stream.write_all(said.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A host's certificate, as a server has it.
pub(crate) fn tls(authority: &Authority, hosts: &[&str]) -> Arc<ServerConfig> {
    let mut wanted = params(hosts[0], 2026, 2028);
    let names = hosts.iter().map(|it| rcgen::SanType::DnsName((*it).try_into().unwrap()));
    wanted.subject_alt_names = names.collect();
    let (certificate, key) = authority.issue(wanted);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![certificate], key).unwrap())
}

/// Names that are known; others are missing.
#[derive(Clone, Default)]
pub(crate) struct Table(BTreeMap<String, Result<Vec<IpAddr>, NameFault>>);

impl Names for Table {
    fn addresses<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, NameFault>> + Send + 'a>> {
        let found = self.0.get(host).cloned().unwrap_or(Err(NameFault::Missing));
        Box::pin(async { found })
    }
}

/// A deployment of small servers, as it should be until a test changes something.
pub(crate) struct Scene {
    pub(crate) authority: Authority,
    pub(crate) names: Table,
    pub(crate) ports: Ports,
    pub(crate) side: Side,
    pub(crate) own: Vec<IpAddr>,
    pub(crate) chat_url: Option<url::Url>,
    pub(crate) now: &'static str,
    pub(crate) keys: Option<serde_json::Value>,
}

/// What a gate and its proxy say, and an Open WebUI behind them.
pub(crate) fn gate(head: &str) -> String {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let date = "date: Fri, 01 Jan 2027 12:00:01 GMT\r\n";
    match path {
        _ if head.to_ascii_lowercase().contains(&format!("host: {CHAT}")) => {
            answer("401 Unauthorized", date, "You are not signed in.\n")
        }
        KEYS => answer("200 OK", date, r#"{"keys":[]}"#),
        "/oauth2/start" => answer("303 See Other", "location: /oauth2/sign_in\r\n", ""),
        _ => answer("404 Not Found", "", "404 page not found\n"),
    }
}

pub(crate) fn to_https(head: &str) -> String {
    let host = head.to_ascii_lowercase();
    let host = host.split("host: ").nth(1).and_then(|it| it.split([':', '\r']).next());
    let to = format!("location: https://{}/\r\n", host.unwrap_or_default());
    answer("301 Moved Permanently", &to, "")
}

impl Scene {
    /// With what is said at the port of https and at that of http.
    pub(crate) async fn new(says: Says, plain: Says) -> Self {
        let authority = Authority::new("A real authority");
        let https = serve(Some(tls(&authority, &[GATE, CHAT])), says).await;
        let ports = Ports { http: serve(None, plain).await, https, closed: Vec::new() };
        let here = Ok(vec![IpAddr::from(Ipv4Addr::LOCALHOST)]);
        let names = [GATE, CHAT].map(|host| (host.to_owned(), here.clone()));
        let (names, own) = (Table(names.into()), vec![IpAddr::from(Ipv4Addr::LOCALHOST)]);
        let (side, chat_url, now, keys) = (Side::Here, None, NOW, None);
        Self { authority, names, ports, side, own, chat_url, now, keys }
    }

    pub(crate) async fn good() -> Self {
        Self::new(Arc::new(gate), Arc::new(to_https)).await
    }

    pub(crate) fn name(&mut self, host: &str, addresses: Result<&[&str], NameFault>) {
        let parsed = |all: &[&str]| all.iter().map(|it| it.parse().unwrap()).collect();
        self.names.0.insert(host.to_owned(), addresses.map(parsed));
    }

    pub(crate) fn senses(&self) -> Senses {
        let now: Timestamp = self.now.parse().unwrap();
        Senses {
            names: Arc::new(self.names.clone()),
            clock: Clock::new(move || now),
            roots: self.authority.roots(),
            own: self.own.clone(),
            room: |_| None,
            // But for addresses that are plainly inner ones.
            is_public: |it| !it.to_string().starts_with("127.0.9."),
        }
    }

    pub(crate) async fn look(&self) -> Found {
        let deployment = Deployment {
            side: self.side,
            public_url: Some(format!("https://{GATE}").parse().unwrap()),
            chat_host: Some(CHAT.to_owned()),
            hosts: [GATE, CHAT].map(str::to_owned).into(),
            perhaps: Some("auth.x.example".to_owned()),
            ports: self.ports.clone(),
            keys: self.keys.clone(),
            chat_url: self.chat_url.clone(),
            trusted_header: "X-User-Email".into(),
            person: Some("ada@x.example".into()),
            model: None,
            folders: Vec::new(),
        };
        Found(look(&deployment, &self.senses(), |_| ()).await)
    }
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found(pub(crate) Vec<Finding>);

impl Found {
    /// What is said of a subject that is so; all of it has to have these words.
    #[track_caller]
    pub(crate) fn says(&self, subject: &str, state: Health, words: &[&str]) {
        let of = self.0.iter().filter(|it| it.subject == subject && it.state == state);
        let texts: Vec<String> = of.map(|it| format!("{} | {}", it.found, it.remedy)).collect();
        let fits = texts.iter().any(|text| words.iter().all(|word| text.contains(word)));
        assert!(fits, "{subject} {state:?} {words:?} is not among {:#?}", self.0);
    }

    #[track_caller]
    pub(crate) fn nothing_bad(&self) {
        let bad: Vec<_> =
            self.0.iter().filter(|it| matches!(it.state, Health::Bad | Health::Doubtful)).collect();
        assert!(bad.is_empty(), "{bad:#?}");
    }
}

#[tokio::test]
async fn a_deployment_as_it_should_be_has_nothing_to_mend() {
    let found = Scene::good().await.look().await;
    found.nothing_bad();
    for (subject, words) in [
        ("name admin.x.example", "leads to this machine (127.0.0.1)"),
        ("certificate of app.x.example", "for 364 days more"),
        ("alias headers", "passes no header"),
        ("checks at admin.x.example", "nobody else can ask"),
        ("clocks", "agrees with admin.x.example"),
        ("sign-in by header at https://app.x.example", "nobody comes to it without the gate"),
    ] {
        found.says(subject, Health::Good, &[words]);
    }
    found.says("Open WebUI", Health::Unknown, &["GATEHALL_OPEN_WEBUI_URL"]);
    assert!(!found.0.iter().any(|it| it.subject.contains("auth.")), "it need not be there");
}

#[tokio::test]
async fn names_that_are_missing_or_lead_elsewhere_are_told() {
    let mut scene = Scene::good().await;
    scene.name(CHAT, Err(NameFault::Missing));
    let found = scene.look().await;
    found.says("name app.x.example", Health::Bad, &["no such name", "add a record for app.x"]);

    scene.name(CHAT, Err(NameFault::Unknown("Temporary failure".into())));
    let found = scene.look().await;
    found.says("name app.x.example", Health::Unknown, &["cannot be looked up", "--domain"]);

    // Another machine, which answers as well, is no fault of its own.
    scene.name(CHAT, Ok(&["127.0.0.1"]));
    scene.own = vec!["198.51.100.7".parse().unwrap()];
    let found = scene.look().await;
    found.says("name app.x.example", Health::Doubtful, &["this machine has 198.51.100.7"]);
    scene.own = vec!["127.0.9.7".parse().unwrap()];
    let found = scene.look().await;
    found.says("name app.x.example", Health::Doubtful, &["NAT", "127.0.9.7"]);
    // The gate's keys prove it where addresses do not.
    scene.keys = Some(serde_json::json!({"keys": []}));
    scene.look().await.says("name app.x.example", Health::Good, &["leads to this gate"]);
    scene.keys = Some(serde_json::json!({"keys": ["of another"]}));
    scene.look().await.says("name app.x.example", Health::Doubtful, &["NAT"]);
    scene.side = Side::Elsewhere;
    scene.look().await.says("name app.x.example", Health::Good, &["leads to 127.0.0.1"]);
    scene.name(GATE, Ok(&["127.0.0.2"]));
    scene.look().await.says("names together", Health::Doubtful, &["127.0.0.1", "127.0.0.2"]);

    // From within an inner network the name may lead to an inner address.
    scene.name(CHAT, Ok(&["127.0.9.9"]));
    scene.look().await.says("name app.x.example", Health::Unknown, &["127.0.9.9"]);
}

#[tokio::test]
async fn an_address_of_several_that_leads_nowhere_is_told() {
    let mut scene = Scene::good().await;
    // Nothing listens there.
    scene.name(CHAT, Ok(&["127.0.0.1", "127.0.0.3"]));
    let found = scene.look().await;
    found.says(
        "name app.x.example",
        Health::Bad,
        &["127.0.0.3 leads nowhere", "remove the record"],
    );
    scene.name(CHAT, Ok(&["127.0.0.1", "::1"]));
    let found = scene.look().await;
    let told = found.0.iter().find(|it| it.found.contains("::1")).unwrap();
    // A machine without IPv6 cannot know.
    let expected = match std::net::UdpSocket::bind("[::1]:0") {
        Ok(_) => (Health::Bad, "name app.x.example"),
        Err(_) => (Health::Unknown, "IPv6 of app.x.example"),
    };
    assert_eq!((told.state, told.subject.as_str()), expected);
}

#[tokio::test]
async fn a_port_that_something_else_has_is_told() {
    let other: Says = Arc::new(|_| answer("200 OK", "server: Apache/2.4\r\n", "It works!"));
    let found = Scene::new(Arc::new(gate), Arc::clone(&other)).await.look().await;
    let port = |scene: &Scene| format!("port {} of app.x.example", scene.ports.http);
    let scene = Scene::new(Arc::new(gate), other).await;
    scene.look().await.says(&port(&scene), Health::Bad, &["Apache/2.4", "something else has"]);
    drop(found);
    // Leading to another host is not leading to this one.
    let astray: Says =
        Arc::new(|_| answer("302 Found", "location: https://app.x.example.evil/\r\n", ""));
    let scene = Scene::new(Arc::new(gate), astray).await;
    scene.look().await.says(&port(&scene), Health::Bad, &["302"]);
    let mut scene = Scene::good().await;
    scene.ports.http = 1;
    scene.look().await.says("port 1 of app.x.example", Health::Doubtful, &["nothing answers"]);
    scene.ports.https = 1;
    scene.look().await.says("port 1 of app.x.example", Health::Bad, &["refused", "docker compose"]);
    // The port of https without TLS.
    let mut scene = Scene::good().await;
    scene.ports.https = scene.ports.http;
    let subject = format!("port {} of app.x.example", scene.ports.https);
    scene.look().await.says(&subject, Health::Bad, &["no TLS"]);
}

#[tokio::test]
async fn ports_that_are_open_besides_are_told() {
    let mut scene = Scene::good().await;
    // As a database does with what it does not understand.
    let hangs_up = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = hangs_up.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = hangs_up.accept().await {
            drop(stream);
        }
    });
    scene.ports.closed = vec![(port, "PostgreSQL")];
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string();
    scene.look().await.says("other ports", Health::Doubtful, &[&at, "firewall", "PostgreSQL"]);
    scene.side = Side::Elsewhere;
    scene.look().await.says("other ports", Health::Bad, &[&at, "to everybody"]);
    serving.abort();
    let _ = serving.await;
    scene.look().await.says("other ports", Health::Good, &["closed"]);
}

#[tokio::test]
async fn a_proxy_that_passes_too_much_is_told() {
    let says: Says = Arc::new(|head| match head {
        _ if head.contains("x_forwarded_user") => {
            answer("400 Bad Request", "", "The header x_forwarded_user is written with _: …")
        }
        _ if head.starts_with("GET /auth/traefik ") => answer("403 Forbidden", "", "Only a proxy"),
        _ => gate(head),
    });
    let found = Scene::new(says, Arc::new(to_https)).await.look().await;
    found.says("alias headers", Health::Bad, &["x_forwarded_user", "aliasHeadersStrategy: delete"]);
    let words = ["/auth/traefik (403", "!PathPrefix(`/auth/`)"];
    found.says("checks at admin.x.example", Health::Doubtful, &words);
}

#[tokio::test]
async fn a_clock_that_is_two_minutes_off_is_told() {
    let mut scene = Scene::good().await;
    scene.now = "2027-01-01T12:02:01Z";
    scene.look().await.says("clocks", Health::Bad, &["120 s behind", "timedatectl"]);
}

#[tokio::test]
async fn where_a_sign_in_leads_is_told() {
    const BACK: &str = "https%3A%2F%2Fadmin.x.example%2Foauth2%2Fcallback";
    let login = |back: &str, provider: u16| -> Says {
        let at =
            format!("http://login.example:{provider}/authorize?client_id=c&redirect_uri={back}");
        Arc::new(move |head| match head {
            _ if head.contains("/oauth2/start") => {
                answer("303 See Other", &format!("location: {at}\r\n"), "")
            }
            _ => gate(head),
        })
    };
    let takes: Says = Arc::new(|_| {
        let to = "location: https://admin.x.example/oauth2/callback?error=login_required\r\n";
        answer("302 Found", &format!("{to}date: Fri, 01 Jan 2027 12:02:01 GMT\r\n"), "")
    });
    let refuses: Says = Arc::new(|_| answer("200 OK", "", "AADSTS50011: it does not match"));
    for (says, back, state, words) in [
        (
            Arc::clone(&takes),
            BACK,
            Health::Good,
            "takes the way back to https://admin.x.example/oauth2",
        ),
        (refuses, BACK, Health::Bad, "register exactly https://admin.x.example/oauth2/callback"),
        (takes, "https%3A%2F%2Fgate.old%2Foauth2%2Fcallback", Health::Bad, "GATEHALL_PUBLIC_URL"),
    ] {
        let provider = serve(None, says).await;
        let mut scene = Scene::new(login(back, provider), Arc::new(to_https)).await;
        scene.name("login.example", Ok(&["127.0.0.1"]));
        let found = scene.look().await;
        found.says("sign-in", state, &[words]);
        if state == Health::Good {
            // The provider's clock is another than ours.
            found.says("clocks", Health::Bad, &["120 s behind that of login.example"]);
        }
    }
}
