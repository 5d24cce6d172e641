//! What comes in: forms of pages and JSON of programs, read into the same types.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use http::{header::CONTENT_TYPE, request::Parts};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use url::form_urlencoded;

use super::fault::Fault;

/// The fields of a form, as they were sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Submitted(pub(crate) Vec<(String, String)>);

/// The input of an operation.
pub(crate) struct Input<T>(pub(crate) T);

/// The query of a page.
pub(crate) struct Search<T>(pub(crate) T);

/// Fields in which an empty text says something: that there is none any more.
pub(super) const MAY_BE_EMPTY: [&str; 13] = [
    "name",
    "description",
    "tier",
    "arguments",
    "credential_variables",
    "url",
    "timeout_seconds",
    "concurrent_calls",
    "tenant_id",
    "domains",
    "tenant_ids",
    "openapi",
    "model_ids",
];

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        if let Some(Submitted(pairs)) = request.extensions().get::<Submitted>() {
            return form(pairs).map(Self);
        }
        let kind = request.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let json = kind.is_some_and(|kind| kind.starts_with("application/json"));
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Fault::TooLarge)?;
        if bytes.is_empty() {
            return form(&[]).map(Self);
        }
        if !json {
            return Err(Fault::field("Content-Type", "send application/json"));
        }
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        serde_path_to_error::deserialize(&mut reader).map(Self).map_err(|error| unreadable(&error))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Search<T> {
    type Rejection = Fault;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Fault> {
        let query = head.uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        form(&pairs).map(Self)
    }
}

/// What the path names. What cannot be a name is not there.
pub(crate) struct At<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for At<T> {
    type Rejection = Fault;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Fault> {
        let path = Path::<T>::from_request_parts(head, state).await;
        path.map(|Path(name)| Self(name)).map_err(|_| Fault::NothingHere)
    }
}

/// Reads fields. One that is empty was not filled in.
fn form<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Fault> {
    let mut filled = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        let value = value.trim();
        if !value.is_empty() || MAY_BE_EMPTY.contains(&name.as_str()) {
            filled.append_pair(name, value);
        }
    }
    let text = filled.finish();
    let reader = serde_html_form::Deserializer::from_bytes(text.as_bytes());
    serde_path_to_error::deserialize(reader).map_err(|error| unreadable(&error))
}

fn unreadable<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> Fault {
    let path = error.path().to_string();
    let problem = error.inner().to_string();
    let field = if path == "." { "input".to_owned() } else { path };
    // A refusal names its field itself.
    let problem = match problem.strip_prefix(&format!("{field}: ")) {
        Some(rest) => rest.to_owned(),
        None => problem,
    };
    Fault::Unreadable { field, problem }
}

/// For a text that may be set to nothing: there and empty is something else than not there.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::deserialize(from).map(Some)
}

/// For a value that may be taken away: `Some(None)` if it is there and empty.
pub(crate) fn clearable<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Number(u64),
        Text(String),
        Nothing,
    }
    let text = match Said::deserialize(from)? {
        Said::Number(number) => number.to_string(),
        Said::Text(text) => text,
        Said::Nothing => String::new(),
    };
    if text.trim().is_empty() {
        return Ok(Some(None));
    }
    text.trim().parse().map(|value| Some(Some(value))).map_err(serde::de::Error::custom)
}

/// The entries of a list that people write: one on each line, or separated by commas or blanks.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';')).filter(|it| !it.is_empty())
}
