//! What else may listen at an address that does not answer as Streamable HTTP.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderValue, Method, Uri, header::ACCEPT};
use http_body_util::{BodyExt, Limited};
use sse_stream::SseStream;

use super::{headers, line::Line};
use crate::upstream::{credentials::Opened, speaks::Speaks};

/// How many events may come before the one that tells.
const FIRST_EVENTS: usize = 16;

/// The protocol that listens there, if it is one we know.
pub(super) async fn other_protocol(line: &Line, uri: &Uri, credentials: &Opened) -> Option<Speaks> {
    let wait = Duration::from_secs(3);
    if tokio::time::timeout(wait, is_sse(line, uri, credentials)).await == Ok(Some(true)) {
        return Some(Speaks::HttpSse);
    }
    for path in ["", "/openapi.json"] {
        if tokio::time::timeout(wait, is_openapi(line, uri, path, credentials)).await
            == Ok(Some(true))
        {
            return Some(Speaks::OpenApi);
        }
    }
    None
}

/// HTTP+SSE names its message endpoint in one of the first events.
async fn is_sse(line: &Line, uri: &Uri, credentials: &Opened) -> Option<bool> {
    let mut with = headers::base(credentials);
    with.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    let request = line.request(Method::GET, uri, with, Bytes::new());
    let response = line.egress.send(request).await.ok()?;
    if !response.status().is_success() {
        return Some(false);
    }
    let mut events = SseStream::new(response.into_body()).take(FIRST_EVENTS);
    while let Some(Ok(event)) = events.next().await {
        if event.event.as_deref() == Some("endpoint") {
            return Some(true);
        }
    }
    Some(false)
}

async fn is_openapi(line: &Line, uri: &Uri, path: &str, credentials: &Opened) -> Option<bool> {
    let uri = match path {
        "" => uri.clone(),
        path => format!("{}{path}", uri.to_string().trim_end_matches('/')).parse().ok()?,
    };
    let mut with = headers::base(credentials);
    with.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let request = line.request(Method::GET, &uri, with, Bytes::new());
    let response = line.egress.send(request).await.ok()?;
    if !response.status().is_success() {
        return Some(false);
    }
    let body =
        Limited::new(response.into_body(), line.response_bytes).collect().await.ok()?.to_bytes();
    let document: serde_json::Value = serde_json::from_slice(&body).ok()?;
    Some(document.get("openapi").is_some_and(|version| version.is_string()))
}
