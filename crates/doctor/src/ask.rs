//! One question to one address. Whatever certificate is shown is taken, since it is looked at
//! afterwards; so nothing secret may be sent before it was ([`Ask::secret`]).

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::{Either, select};
use gatehall_domain::Timestamp;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use url::Url;

use crate::{certificate::Verdict, senses::Senses};

/// Nobody is waited for longer until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);

/// Nor until an answer is there.
const ANSWER: Duration = Duration::from_secs(10);

/// No answer is read further, in bytes.
const LONGEST: usize = 1 << 20;

/// A question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) secure: bool,
    pub(crate) post: bool,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'static str,
    /// A bearer token, which is sent only to whom the certificate proves.
    pub(crate) secret: Option<&'a SecretString>,
}

impl<'a> Ask<'a> {
    pub(crate) const fn get(host: &'a str, port: u16, secure: bool, path: &'a str) -> Self {
        let (post, headers, body, secret) = (false, &[], "", None);
        Self { host, port, secure, post, path, headers, body, secret }
    }

    /// For a path at the host of an address; none if it names no host.
    pub(crate) fn of_url(url: &'a Url, path: &'a str) -> Option<Self> {
        let (host, port) = (url.host_str()?, url.port_or_known_default()?);
        Some(Self::get(host, port, url.scheme() == "https", path))
    }

    /// The name of the host, as a request has it.
    fn authority(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host.trim_matches(['[', ']'])),
            false => self.host.to_owned(),
        };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What was shown, the host's own first; nothing without TLS.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// This machine's time in the middle of it.
    pub(crate) at: Timestamp,
}

impl Answer {
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where it sends visitors with TLS, without the scheme.
    pub(crate) fn leads_to_https(&self) -> Option<&str> {
        let to = self.header(header::LOCATION)?.strip_prefix("https://")?;
        self.status.is_redirection().then_some(to)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Why there is none.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the connection is refused: nothing listens there")]
    Refused,
    #[error("it does not answer in time: a firewall, or an address that nobody has")]
    Slow,
    #[error("no way leads there from this machine")]
    NoRoute,
    #[error("there is no TLS: {0}")]
    NoTls(String),
    #[error("{0}")]
    Unproven(String),
    #[error("it breaks off: {0}")]
    Broken(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::AddrNotAvailable => Self::NoRoute,
            ErrorKind::TimedOut => Self::Slow,
            _ => Self::Broken(error.to_string()),
        }
    }
}

/// Asks one of a host's addresses.
pub(crate) async fn ask(
    question: &Ask<'_>,
    address: IpAddr,
    senses: &Senses,
) -> Result<Answer, Fault> {
    let within = exchange(question, SocketAddr::new(address, question.port), senses);
    timeout(ANSWER, within).await.unwrap_or(Err(Fault::Slow))
}

/// Asks for a path at the host of an address.
pub(crate) async fn fetch(url: &Url, path: &str, senses: &Senses) -> Result<Answer, String> {
    let question = Ask::of_url(url, path).ok_or("it names no host")?;
    by_name(&question, senses).await
}

/// An address without what somebody may be known by there, to be shown.
pub(crate) fn without_user(url: &Url) -> Url {
    let mut url = url.clone();
    // Neither is there where an address can have none.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url
}

/// Asks the first of a host's addresses that answers.
pub(crate) async fn by_name(question: &Ask<'_>, senses: &Senses) -> Result<Answer, String> {
    let addresses = senses.addresses(question.host).await.map_err(|it| it.to_string())?;
    let mut said = "it has no address".to_owned();
    for address in addresses {
        match ask(question, address, senses).await {
            Ok(answer) => return Ok(answer),
            Err(fault) => said = fault.to_string(),
        }
    }
    Err(said)
}

/// Whether anything listens.
pub(crate) async fn listens(address: SocketAddr) -> Result<(), Fault> {
    connect(address).await.map(drop)
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Fault> {
    let connected = timeout(CONNECT, TcpStream::connect(address)).await;
    Ok(connected.map_err(|_| Fault::Slow)??)
}

async fn exchange(
    question: &Ask<'_>,
    address: SocketAddr,
    senses: &Senses,
) -> Result<Answer, Fault> {
    let begun = senses.clock.now();
    let tcp = connect(address).await?;
    let (mut answer, certificates) = if question.secure {
        let broken = |error: &dyn ToString| Fault::NoTls(error.to_string());
        let name =
            ServerName::try_from(question.host.to_owned()).map_err(|error| broken(&error))?;
        let config = config().map_err(|error| broken(&error))?;
        let connected = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        let tls = connected.map_err(|error| broken(&error))?;
        let shown = tls.get_ref().1.peer_certificates().unwrap_or_default();
        let shown: Vec<_> = shown.iter().map(|it| it.clone().into_owned()).collect();
        if question.secret.is_some() {
            let verdict = Verdict::of(&shown, question.host, senses);
            if let Some(why) = verdict.problem() {
                return Err(Fault::Unproven(why.found));
            }
        }
        (converse(question, tls).await?, shown)
    } else {
        (converse(question, tcp).await?, Vec::new())
    };
    let took = senses.clock.now().micros() - begun.micros();
    answer.at = Timestamp::from_micros(begun.micros() + took / 2);
    answer.certificates = certificates;
    Ok(answer)
}

/// Sends the question over a connection that stands, and reads the answer.
async fn converse<S>(question: &Ask<'_>, stream: S) -> Result<Answer, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: &dyn ToString| Fault::Broken(error.to_string());
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| broken(&error))?;
    let mut request = Request::builder()
        .method(if question.post { Method::POST } else { Method::GET })
        .uri(question.path)
        .header(header::HOST, question.authority())
        .header(header::USER_AGENT, "gatehall doctor");
    for (name, value) in question.headers {
        request = request.header(*name, *value);
    }
    if question.post {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    if let Some(secret) = question.secret {
        request =
            request.header(header::AUTHORIZATION, format!("Bearer {}", secret.expose_secret()));
    }
    let request = request.body(Full::new(Bytes::from_static(question.body.as_bytes())));
    let request = request.map_err(|error| broken(&error))?;
    let read = async {
        let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LONGEST).collect().await;
        let body = body.map_err(|error| broken(&error))?.to_bytes();
        let (status, headers) = (head.status, head.headers);
        let at = Timestamp::from_micros(0);
        Ok(Answer { status, headers, body, certificates: Vec::new(), at })
    };
    // The connection is what moves the bytes; what it has brought is there after its end, too.
    match select(Box::pin(read), Box::pin(connection)).await {
        Either::Left((read, _)) => read,
        Either::Right((_, read)) => read.await,
    }
}

/// TLS that takes any certificate whose key the other end has.
fn config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let mut config = builder
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
