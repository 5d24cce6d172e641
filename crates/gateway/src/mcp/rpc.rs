//! JSON-RPC: what comes in, and the answers that go out.

use std::borrow::Cow;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use serde_json::value::RawValue;

use super::known::{CAPABILITIES, ENVELOPE, META, META_CAPABILITIES, PARAMS, TASK};
use crate::{
    body::Parts,
    call::{self, UNRECORDED, UNRECORDED_SECONDS},
    json::{self, Flaw, Members, ObjectWriter},
};

/// A message of a client, split but not yet understood.
#[derive(Debug)]
pub(super) struct Incoming<'a> {
    /// The id as it came; none for a notification.
    pub(super) id: Option<&'a str>,
    /// The method; none for a response.
    pub(super) method: Option<Cow<'a, str>>,
    pub(super) params: Members<'a>,
    pub(super) meta: Members<'a>,
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RpcError {
    pub(super) status: StatusCode,
    pub(super) code: i64,
    pub(super) message: Cow<'static, str>,
    /// Raw JSON.
    pub(super) data: Option<String>,
    /// After how many seconds it may be tried again.
    pub(super) retry_after: Option<u64>,
}

impl RpcError {
    pub(super) const PARSE: i64 = -32700;
    pub(super) const INVALID_REQUEST: i64 = -32600;
    pub(super) const METHOD_NOT_FOUND: i64 = -32601;
    pub(super) const INVALID_PARAMS: i64 = -32602;
    pub(super) const INTERNAL: i64 = -32603;
    pub(super) const HEADER_MISMATCH: i64 = -32020;
    pub(super) const UNSUPPORTED_VERSION: i64 = -32022;

    pub(super) fn new(
        status: StatusCode,
        code: i64,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code, message: message.into(), data: None, retry_after: None }
    }

    /// A request that is not one.
    pub(super) fn bad(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// An error of a request that was understood; HTTP has nothing to say about it.
    pub(super) fn answer(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::OK, code, message)
    }

    pub(super) fn unknown_tool(name: &str) -> Self {
        Self::answer(Self::INVALID_PARAMS, call::unknown_tool(name))
    }

    pub(super) fn too_often(seconds: u64) -> Self {
        let message = format!("Too many calls: try again in {seconds} seconds.");
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, Self::INVALID_REQUEST, message);
        Self { retry_after: Some(seconds), ..error }
    }

    /// No call without audit.
    pub(super) fn unrecorded() -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, Self::INTERNAL, UNRECORDED);
        Self { retry_after: Some(UNRECORDED_SECONDS), ..error }
    }

    /// The error object.
    pub(super) fn object(&self) -> String {
        let mut object = ObjectWriter::new(self.message.len() + 48);
        object.raw("code", &self.code.to_string()).string("message", &self.message);
        if let Some(data) = &self.data {
            object.raw("data", data);
        }
        object.finish()
    }

    /// The whole message.
    pub(super) fn message(&self, id: Option<&str>) -> Parts {
        envelope(id.unwrap_or("null"), "error", text(&self.object()))
    }

    /// The answer to a request that has nobody else to answer it.
    pub(super) fn into_response(self, id: Option<&str>) -> Response {
        let mut response = self.message(id).json(self.status);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// `{"jsonrpc":"2.0","id":…,"result":…}`, or with `error`.
pub(super) fn envelope(id: &str, member: &str, value: Parts) -> Parts {
    let mut message = Parts::with_capacity(id.len() + value.len() + 48);
    message.text("{\"jsonrpc\":\"2.0\",\"id\":").text(id).text(",\"").text(member).text("\":");
    message.append(value).text("}");
    message
}

/// A result of the gateway's own.
pub(super) fn result(id: &str, result: &str) -> Parts {
    envelope(id, "result", text(result))
}

/// Text as an answer.
pub(super) fn text(text: &str) -> Parts {
    let mut parts = Parts::with_capacity(text.len());
    parts.text(text);
    parts
}

/// Why a message was not taken.
#[derive(Debug)]
pub(super) struct Unread<'a> {
    pub(super) error: RpcError,
    /// The id as it came, if that could be read.
    pub(super) id: Option<&'a str>,
    /// Whether two programs may read two things in it.
    pub(super) ambiguous: bool,
}

impl<'a> Incoming<'a> {
    /// Splits a message.
    pub(super) fn read(text: &'a str) -> Result<Self, Unread<'a>> {
        let members = Members::of_client(text, ENVELOPE).map_err(|flaw| unreadable(text, &flaw))?;
        let id = members.get("id").map(RawValue::get);
        let refuse = |code, message: String, id, ambiguous| Unread {
            error: RpcError::bad(code, message),
            id,
            ambiguous,
        };
        let invalid = |message: &str, id| {
            Err(refuse(RpcError::INVALID_REQUEST, message.to_owned(), id, false))
        };
        // Whoever could not read a request cannot name it.
        let unnamed = members.get("error").is_some_and(json::is_object);
        let id = id.filter(|raw| !(unnamed && *raw == "null"));
        if let Some(raw) = id.filter(|raw| !is_id(raw)) {
            let shown = gatehall_domain::names::shown(raw, 40);
            return invalid(&format!("id must be a string or an integer, not {shown}"), None);
        }
        if members.get("jsonrpc").map(RawValue::get) != Some("\"2.0\"") {
            return invalid("jsonrpc must be \"2.0\"", id);
        }
        let there = |name| members.get(name).filter(|raw| raw.get() != "null");
        let answers = [there("result"), there("error")].into_iter().flatten().count();
        let method = match there("method") {
            _ if answers > 1 => return invalid("an answer has a result or an error, not both", id),
            Some(_) if answers > 0 => return invalid("a request has no result and no error", id),
            None if there("result").is_some() && id.is_none() => {
                return invalid("an answer names its request: id is missing", None);
            }
            None if answers > 0 => None,
            None => return invalid("method is missing", id),
            Some(raw) => match json::text(raw) {
                Some(method) => Some(method),
                None => return invalid("method must be a string", id),
            },
        };
        let object = |raw: Option<&'a RawValue>, name: &str, known| match raw {
            None => Ok(Members::default()),
            Some(raw) => Members::of_client(raw.get(), known)
                .map(|it| it.without_nulls(known))
                .map_err(|flaw| {
                    let message = match &flaw {
                        Flaw::NoObject(_) => format!("{name} must be an object"),
                        flaw => format!("{name}: {flaw}"),
                    };
                    refuse(RpcError::INVALID_PARAMS, message, id, flaw.is_ambiguous())
                }),
        };
        let params = object(there("params"), "params", PARAMS)?;
        let meta = object(params.get("_meta"), "params._meta", META)?;
        // What is no object there has an error of its own, or none.
        let nested = |raw: Option<&'a RawValue>| raw.filter(|raw| json::is_object(raw));
        object(nested(params.get("task")), "params.task", TASK)?;
        object(nested(meta.get(META_CAPABILITIES)), META_CAPABILITIES, CAPABILITIES)?;
        Ok(Self { id, method, params, meta })
    }

    /// A member of the params that has to be a string.
    pub(super) fn text_param(&self, name: &str) -> Result<Cow<'a, str>, RpcError> {
        let found = self.params.get(name).and_then(json::text);
        found.ok_or_else(|| {
            RpcError::answer(RpcError::INVALID_PARAMS, format!("params.{name} must be a string"))
        })
    }

    /// A member of the metadata that is a string.
    pub(super) fn text_meta(&self, name: &str) -> Option<Cow<'a, str>> {
        self.meta.get(name).and_then(json::text)
    }
}

fn unreadable<'a>(text: &str, flaw: &Flaw) -> Unread<'a> {
    let error = match flaw {
        Flaw::NoObject(_) if serde_json::from_str::<&RawValue>(text).is_ok() => {
            RpcError::bad(RpcError::INVALID_REQUEST, "the body must be one JSON-RPC message")
        }
        Flaw::NoObject(error) => {
            RpcError::bad(RpcError::PARSE, format!("the body is not valid JSON: {error}"))
        }
        flaw => RpcError::bad(RpcError::INVALID_REQUEST, format!("the message: {flaw}")),
    };
    Unread { error, id: None, ambiguous: flaw.is_ambiguous() }
}

/// The tool that an ambiguous message names first, for the audit; else nothing.
pub(super) fn first_name(text: &str) -> Option<Cow<'_, str>> {
    json::first(json::first(text, "params")?.get(), "name").and_then(json::text)
}

/// A string or an integer. Null and fractions are refused (MCP, base protocol).
fn is_id(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    let integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    raw.len() <= 256 && (raw.starts_with('"') || integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_strictly() {
        let good = r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x","_meta":{"a":1}}}"#;
        let read = Incoming::read(good).unwrap();
        assert_eq!((read.id, read.method.as_deref()), (Some("\"a\""), Some("tools/call")));
        for (text, code, id) in [
            ("{", -32700, None),
            ("", -32700, None),
            ("[]", -32600, None),
            ("1", -32600, None),
            (r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":{},"method":"a"}"#, -32600, None),
            (r#"{"id":1,"method":"a"}"#, -32600, Some("1")),
            (r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#, -32600, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1}"#, -32600, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[]}"#, -32602, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1,"x":2}}"#, -32602, Some("1")),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"x":1,"x":2}}}"#,
                -32602,
                Some("1"),
            ),
            (r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":[]}}"#, -32602, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":null}"#, -32600, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, -32600, Some("1")),
            (r#"{"jsonrpc":"2.0","result":{}}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, -32600, None),
            (r#"{"jsonrpc":"2.0","id":1,"method":"a","result":{}}"#, -32600, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, -32600, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":"a","Method":"b"}"#, -32600, None),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"task":{"TTL":1}}}"#,
                -32602,
                Some("1"),
            ),
        ] {
            let unread = Incoming::read(text).unwrap_err();
            assert_eq!((unread.error.code, unread.id), (code, id), "{text}");
        }
    }
}
