//! What the doors ask of providers over HTTP. Redirects are not followed, answers are small, and
//! nobody is waited for long.

use std::time::Duration;

use bytes::Bytes;
use gatehall_domain::{is_safe, json_problem};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use oauth2::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{resolve::Resolver, said::token_answer};

/// A provider has so long to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// No answer of a provider is longer, in bytes.
const LONGEST: usize = 1 << 20;

/// Why a provider's answer is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The address is not safe to send anything to.
    #[error("{0} is no https address")]
    Unsafe(String),
    /// Nobody answers there.
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, String),
    /// It took too long.
    #[error("{0} did not answer in time")]
    Slow(String),
    /// It answers something else than was asked for.
    #[error("{0} answered {1}")]
    Answered(String, String),
}

/// The one place from which the doors send HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Fetch(Client<Connector, Full<Bytes>>);

/// What connections are made with.
pub type Connector = HttpsConnector<HttpConnector<Resolver>>;

/// What connects over TCP, and TLS where the address says so. It trusts the certificate authorities
/// of the system, or the usual public ones if the system has none.
pub fn connector() -> Connector {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new());
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(Duration::from_secs(5)));
    tcp.set_keepalive(Some(Duration::from_secs(60)));
    tcp.enforce_http(false);
    let tls = match HttpsConnectorBuilder::new().with_native_roots() {
        Ok(native) => native,
        Err(error) => {
            tracing::warn!(%error, "the system has no certificate authorities: using the public ones");
            HttpsConnectorBuilder::new().with_webpki_roots()
        }
    };
    tls.https_or_http().enable_http1().enable_http2().wrap_connector(tcp)
}

impl Fetch {
    pub(crate) fn new() -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_timer(TokioTimer::new())
            .build(connector());
        Self(client)
    }

    /// Sends a request and reads the whole answer, whatever its status.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, FetchError> {
        let address = request.uri().to_string();
        if !Url::parse(&address).is_ok_and(|url| is_safe(&url)) {
            return Err(FetchError::Unsafe(address));
        }
        let exchange = async {
            let response = self
                .0
                .request(request.map(Full::new))
                .await
                .map_err(|error| FetchError::Unreachable(address.clone(), innermost(&error)))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, LONGEST).collect().await.map_err(|error| {
                FetchError::Answered(
                    address.clone(),
                    format!("a body that cannot be read: {error}"),
                )
            })?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Slow(address)),
        }
    }

    /// What the OAuth library asks for.
    pub(crate) async fn oauth(self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let (head, body) = request.into_parts();
        let response = self.send(Request::from_parts(head, Bytes::from(body))).await?;
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, token_answer(&body)))
    }

    /// Gets a JSON document.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        url: &Url,
        bearer: Option<&str>,
    ) -> Result<T, FetchError> {
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(url.as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "gatehall");
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let answered = |what: String| FetchError::Answered(url.to_string(), what);
        let request = request.body(Bytes::new()).map_err(|error| answered(error.to_string()))?;
        let response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(answered(response.status().to_string()));
        }
        serde_json::from_slice(response.body())
            .map_err(|error| answered(format!("what {}", json_problem(&error))))
    }
}

/// The error at the bottom: those above it only say that a request failed.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
