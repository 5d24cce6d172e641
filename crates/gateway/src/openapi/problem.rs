use axum::response::{IntoResponse, Response};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};

use crate::{
    call::{self, UNRECORDED_SECONDS},
    entry::Turned,
    json::ObjectWriter,
};

/// An error as RFC 9457 has it.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), header: None }
    }

    /// Tools that do not exist, and those that are not the caller's.
    pub(super) fn unknown_tool(name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown-tool", call::unknown_tool(name))
    }

    /// Addresses that can name nothing, whoever asks.
    pub(super) fn nothing_here() -> Self {
        let detail = "There is nothing at this address, for anybody: use /openapi.json, or ask an administrator.";
        Self::new(StatusCode::NOT_FOUND, "nothing-here", detail)
    }

    /// A limit was reached.
    pub(super) fn too_often(seconds: u64) -> Self {
        let detail = format!("Too many calls: try again in {seconds} seconds.");
        let header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail) }
    }

    /// The audit cannot be written.
    pub(super) fn unrecorded(detail: &str) -> Self {
        let header = Some((RETRY_AFTER, HeaderValue::from(UNRECORDED_SECONDS)));
        Self { header, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-audit", detail) }
    }

    /// Input that is not as it should be; `field` names it.
    pub(super) fn invalid(field: &str, problem: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-input", format!("{field} {problem}"))
    }
}

impl From<Turned> for Problem {
    fn from(turned: Turned) -> Self {
        let kind = match turned.status {
            StatusCode::UNAUTHORIZED => "no-proof",
            StatusCode::BAD_REQUEST => "bad-request",
            StatusCode::FORBIDDEN => "refused",
            StatusCode::TOO_MANY_REQUESTS => "too-many-requests",
            _ => "closed",
        };
        Self { status: turned.status, kind, detail: turned.message, header: turned.header }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut object = ObjectWriter::new(self.detail.len() + 128);
        object
            .string("type", &format!("urn:gatehall:problem:{}", self.kind))
            .string("title", self.status.canonical_reason().unwrap_or("Error"))
            .raw("status", self.status.as_str())
            .string("detail", &self.detail);
        let mut response = (self.status, object.finish()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some((name, value)) = self.header {
            headers.insert(name, value);
        }
        response
    }
}
