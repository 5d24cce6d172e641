//! What is checked before a body is read: what the request carries, and what it takes.

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};

use super::rpc::RpcError;
use crate::{era, session::SESSION};

/// Checks what a POST says of its body and of what it takes.
pub(super) fn check_media(headers: &HeaderMap) -> Result<(), RpcError> {
    let modern = headers.get(&VERSION).is_some_and(|version| version == era::MODERN);
    if !accepts_both(headers, modern) {
        return Err(RpcError::new(
            StatusCode::NOT_ACCEPTABLE,
            RpcError::INVALID_REQUEST,
            "Accept must list application/json and text/event-stream",
        ));
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(RpcError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            RpcError::INVALID_REQUEST,
            "Content-Type must be application/json",
        ));
    }
    Ok(())
}

/// Whoever says nothing takes anything (RFC 9110, section 12.5.1); the modern era has to say it.
fn accepts_both(headers: &HeaderMap, modern: bool) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return !modern;
    }
    let (mut json, mut events) = (false, false);
    for item in values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let kind = item.split(';').next().unwrap_or("").trim();
        let is = |names: [&str; 3]| names.iter().any(|name| kind.eq_ignore_ascii_case(name));
        json |= is(["application/json", "application/*", "*/*"]);
        events |= is(["text/event-stream", "text/*", "*/*"]);
    }
    json && events
}

/// The one value of a header by which something is decided.
pub(super) fn single<'h>(
    headers: &'h HeaderMap,
    header: &HeaderName,
    code: i64,
) -> Result<Option<&'h HeaderValue>, RpcError> {
    let mut values = headers.get_all(header).iter();
    let first = values.next();
    match values.next() {
        None => Ok(first),
        Some(_) => Err(repeated(header, code)),
    }
}

/// The answer where such a header is there twice.
pub(super) fn repeated(header: &HeaderName, code: i64) -> RpcError {
    let names = [
        (&VERSION, "MCP-Protocol-Version"),
        (&METHOD, "Mcp-Method"),
        (&NAME, "Mcp-Name"),
        (&SESSION, "Mcp-Session-Id"),
    ];
    let name = names.iter().find(|(other, _)| *other == header);
    let name = name.map_or(header.as_str(), |(_, name)| name);
    RpcError::bad(code, format!("the header {name} is there more than once: send it once"))
}

pub(super) static VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) static METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub(super) static NAME: HeaderName = HeaderName::from_static("mcp-name");

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn media_types_are_checked() {
        let check = |accept, kind| {
            check_media(&headers(&[("accept", accept), ("content-type", kind)]))
                .map_err(|e| e.status.as_u16())
        };
        assert_eq!(check("application/json, text/event-stream", "application/json"), Ok(()));
        assert_eq!(check("*/*", "application/json; charset=utf-8"), Ok(()));
        assert_eq!(check("application/json", "application/json"), Err(406));
        assert_eq!(check("text/html", "application/json"), Err(406));
        assert_eq!(check("*/*", "text/plain"), Err(415));
        assert_eq!(
            check_media(&headers(&[("accept", "*/*")])).map_err(|e| e.status.as_u16()),
            Err(415)
        );
        let modern = [("mcp-protocol-version", "2026-07-28"), ("content-type", "application/json")];
        assert_eq!(check_media(&headers(&modern)).map_err(|e| e.status.as_u16()), Err(406));
    }
}
