//! JSON as the gateway handles it: the members it must read are read strictly, everything else
//! stays the raw text it came as.

mod members;
mod skim;
mod twin;
mod unambiguous;
mod whole;
mod write;

use serde_json::value::RawValue;

pub(crate) use members::{Flaw, Members, first, spelled};
pub(crate) use skim::Skim;
pub(crate) use twin::{may_begin_with, twin_of};
pub(crate) use unambiguous::is_unambiguous;
pub(crate) use whole::whole;
pub(crate) use write::{ObjectWriter, on_one_line, string};

/// How deep arrays and objects may be nested in what a client sends. Parsers behind the gateway
/// recurse.
pub(crate) const DEEPEST: usize = 128;

/// Whether brackets are nested at most `limit` deep. Looks at the text without parsing it.
pub(crate) fn depth_within(text: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return false;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// The text of a raw JSON string, if it is one.
pub(crate) fn text(raw: &RawValue) -> Option<std::borrow::Cow<'_, str>> {
    let raw = raw.get();
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(raw).ok().map(Into::into);
    }
    Some(inner.into())
}

/// Whether a raw value is an object.
pub(crate) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert!(depth_within(br#"{"a":[[1]]}"#, 3));
        assert!(!depth_within(br#"{"a":[[1]]}"#, 2));
        assert!(depth_within(br#"{"a":"[[[[\"[["}"#, 1));
        assert!(!depth_within("[".repeat(100_000).as_bytes(), DEEPEST));
    }

    #[test]
    fn text_reads_strings_only() {
        let read =
            |raw: &str| text(&RawValue::from_string(raw.into()).unwrap()).map(|t| t.into_owned());
        assert_eq!(read(r#""a""#).as_deref(), Some("a"));
        assert_eq!(read(r#""a\u0062\"""#).as_deref(), Some("ab\""));
        assert_eq!(read("1"), None);
    }
}
