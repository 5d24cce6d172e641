//! Text in header values: what is not plain visible ASCII goes as `=?base64?…?=`.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;

const START: &str = "=?base64?";
const END: &str = "?=";

/// The header value that says `text`.
pub(crate) fn encode(text: &str) -> HeaderValue {
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && text.trim() == text
        && !text.starts_with(START);
    let value = match plain {
        true => HeaderValue::from_str(text),
        false => HeaderValue::try_from(format!("{START}{}{END}", BASE64_STANDARD.encode(text))),
    };
    // Both forms are visible ASCII.
    value.unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// What a header value says. None if it is not properly encoded.
pub(crate) fn decode(value: &HeaderValue) -> Option<Cow<'_, str>> {
    let text = value.to_str().ok()?.trim();
    match text.strip_prefix(START).and_then(|rest| rest.strip_suffix(END)) {
        None => Some(Cow::Borrowed(text)),
        Some(inner) => String::from_utf8(BASE64_STANDARD.decode(inner).ok()?).ok().map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_any_text() {
        for text in ["get_time", "", " edge ", "\u{fc}ber", "=?base64?eA==?=", "a b"] {
            assert_eq!(decode(&encode(text)).unwrap(), text);
        }
        assert_eq!(encode("get_time"), "get_time");
        assert_eq!(encode("\u{e4}"), "=?base64?w6Q=?=");
        assert!(decode(&HeaderValue::from_static("=?base64?***?=")).is_none());
    }
}
