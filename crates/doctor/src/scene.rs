//! A deployment of small servers for tests, and servers that do what servers should not.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::Arc,
};

use gatehall_domain::{Clock, Finding, Health, Timestamp};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    Deployment, NameFault, Names, Ports, Senses, Side,
    certificate::tests::{Authority, params},
    hosts::KEYS,
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
            towards: |_| None,
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
            ports: self.ports.clone(),
            keys: self.keys.clone(),
            chat_url: self.chat_url.clone(),
            trusted_header: "X-User-Email".into(),
            proxy_network: None,
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
