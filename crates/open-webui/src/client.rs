//! Speaks to Open WebUI: one request, one answer in JSON.

use std::{fmt, time::Duration};

use bytes::Bytes;
use gatehall_domain::names::shown;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tower::{ServiceExt, util::BoxCloneSyncService};
use url::Url;

use crate::{Fault, addresses::is_plain};

/// What sends requests. The program has one way to do that, and hands it in.
pub type Wire = BoxCloneSyncService<
    Request<Full<Bytes>>,
    Response<Incoming>,
    hyper_util::client::legacy::Error,
>;

/// An object of JSON, with whatever is in it that this program does not know.
pub(crate) type Object = Map<String, Value>;

/// What stands below a name; null if nothing does. Indexing an object by a name that it lacks would
/// panic, and what is in it is from outside.
pub(crate) fn below<'o>(object: &'o Object, name: &str) -> &'o Value {
    object.get(name).unwrap_or(&Value::Null)
}

/// Open WebUI has so long to answer: where connections are saved, it asks all servers first.
const PATIENCE: Duration = Duration::from_secs(90);

/// No answer is longer, in bytes: all accounts of a large company are in one, and models with their
/// pictures.
const LONGEST: usize = 32 << 20;

/// No answer has more parts than that: each takes many times the room of the `{},` it may be.
const MOST: usize = 1_000_000;

/// An Open WebUI, spoken to by somebody who is signed in, or by nobody.
#[derive(Clone)]
pub struct Client {
    base: String,
    wire: Wire,
    token: Option<SecretString>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.base)
    }
}

impl Client {
    /// The Open WebUI at this address, spoken to by nobody.
    ///
    /// # Errors
    /// If it is no address.
    pub fn new(url: &Url, wire: Wire) -> Result<Self, Fault> {
        if !is_plain(url) {
            return Err(Fault::BadAddress);
        }
        Ok(Self { base: url.as_str().trim_end_matches('/').to_owned(), wire, token: None })
    }

    /// The same, spoken to by whoever has this token or API key.
    #[must_use]
    pub(crate) fn with_token(&self, token: SecretString) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// The address, as records name this Open WebUI.
    pub fn address(&self) -> &str {
        &self.base
    }

    pub(crate) fn has_api_key(&self) -> bool {
        self.token.as_ref().is_some_and(|it| it.expose_secret().starts_with("sk-"))
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Value, Fault> {
        self.ask(Method::DELETE, path, None).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Fault> {
        let (status, answer) = self.exchange(method, path, body, None).await?;
        match status {
            200..300 => self.json(path, &answer),
            _ => Err(Fault::answered(path, status, &answer, self.has_api_key())),
        }
    }

    /// What of an answer is JSON; unknown paths are answered with a page and 200.
    pub(crate) fn json(&self, path: &str, answer: &[u8]) -> Result<Value, Fault> {
        let parts = answer.iter().filter(|it| matches!(it, b'{' | b'[' | b',' | b':')).count();
        if parts > MOST {
            let why = format!("it is said in more than {MOST} parts");
            return Err(Fault::Shape(format!("{}{path}", self.base), why));
        }
        serde_json::from_slice(answer).map_err(|error| match answer.trim_ascii_start().first() {
            Some(b'<') => Fault::Page(format!("{}{path}", self.base)),
            None => Fault::Shape(format!("{}{path}", self.base), "with nothing at all".into()),
            _ => {
                let why = shown(&error.to_string(), 200).into_owned();
                Fault::Shape(format!("{}{path}", self.base), why)
            }
        })
    }

    /// Status and body of an answer. `told` is a header to add.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        told: Option<(&str, &str)>,
    ) -> Result<(u16, Bytes), Fault> {
        let address = format!("{}{path}", self.base);
        let shape = |why: String| Fault::Shape(address.clone(), why);
        let mut request = Request::builder()
            .method(method)
            .uri(&address)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "gatehall");
        if let Some(token) = &self.token {
            request =
                request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()));
        }
        if let Some((name, value)) = told {
            request = request.header(name, value);
        }
        let mut bytes = Bytes::new();
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json");
            bytes = serde_json::to_vec(body).map_err(|error| shape(error.to_string()))?.into();
        }
        let request = request.body(Full::new(bytes)).map_err(|error| shape(error.to_string()))?;
        let exchange = async {
            let response = self
                .wire
                .clone()
                .oneshot(request)
                .await
                .map_err(|error| Fault::Unreachable(self.base.clone(), innermost(&error)))?;
            if response.status().is_redirection() {
                let to = response.headers().get(header::LOCATION).and_then(|it| it.to_str().ok());
                let to = shown(to.unwrap_or("nowhere"), 200).into_owned();
                return Err(Fault::Redirected(self.base.clone(), to));
            }
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), LONGEST).collect().await;
            let body = body.map_err(|error| shape(format!("it cannot be read: {error}")))?;
            Ok((status, body.to_bytes()))
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Slow(address.clone())),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> Client {
        let wire = tower::service_fn(async |_| -> Result<_, _> { panic!("nothing is sent") });
        Client::new(&"http://chat:8080".parse().unwrap(), Wire::new(wire)).unwrap()
    }

    #[test]
    fn an_empty_answer_is_said_in_words() {
        let fault = nobody().json("/x", b" \n").unwrap_err().to_string();
        assert!(fault.ends_with("with nothing at all"), "{fault}");
    }

    #[test]
    fn an_answer_of_many_small_parts_is_not_read() {
        let list = |count: usize| {
            format!(r#"{{"TOOL_SERVER_CONNECTIONS":[{}{{}}]}}"#, "{},".repeat(count))
        };
        let fault = nobody().json("/x", list(MOST).as_bytes()).unwrap_err().to_string();
        assert!(fault.contains("parts"), "{fault}");
        assert!(nobody().json("/x", list(1000).as_bytes()).is_ok());
        let account = r#"{"id":"0c5a","name":"A, B","email":"a@b.example","role":"user"},"#;
        let all = format!(r#"{{"users":[{}{{}}]}}"#, account.repeat(50_000));
        assert!(nobody().json("/x", all.as_bytes()).is_ok(), "all accounts of a large company");
    }
}
