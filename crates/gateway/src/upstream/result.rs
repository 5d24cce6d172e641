//! The result of a server, and what the gateway has read of it. What is passed on is what was read:
//! a member that a client could take for one of these is left out.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::error::UpstreamError;
use crate::json::{self, Members};

/// The members that say how a call went. Clients decide by them, and so does the gateway.
const KNOWN: &[&str] = &[
    "resultType",
    "isError",
    "content",
    "structuredContent",
    "_meta",
    "inputRequests",
    "requestState",
    "task",
];

/// A result as raw JSON, with what was read of it.
#[derive(Debug, Clone)]
pub(crate) struct CallResult {
    /// The object.
    pub(crate) raw: Bytes,
    /// Whether it is an end, or what else.
    pub(crate) kind: Kind,
    /// Whether it says that the tool failed.
    pub(crate) is_error: bool,
    /// Whether it has no members at all.
    pub(crate) is_empty: bool,
    pub(crate) has_meta: bool,
    pub(crate) content: Option<Bytes>,
    /// Unless it is null.
    pub(crate) structured: Option<Bytes>,
}

/// What `resultType` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing, as in the legacy era.
    Unsaid,
    /// The tool is done.
    Complete,
    /// The server wants something first, or goes on by itself.
    Unfinished,
}

impl CallResult {
    /// Reads a result.
    ///
    /// # Errors
    /// If it is no object, or if two programs may read two results in it.
    pub(crate) fn read(raw: Bytes) -> Result<Self, UpstreamError> {
        let junk = |what: String| UpstreamError::Junk(format!("its result: {what}"));
        let text = str::from_utf8(&raw).map_err(|_| junk("it is not UTF-8".into()))?;
        let members = Members::of_server(text, KNOWN).map_err(|flaw| junk(flaw.to_string()))?;
        let members = members.without_nulls(KNOWN);
        let kind = match members.get("resultType").map(json::text) {
            None => Kind::Unsaid,
            Some(Some(kind)) if kind == "complete" => Kind::Complete,
            Some(Some(_)) => Kind::Unfinished,
            Some(None) => return Err(junk("resultType is no text".into())),
        };
        let is_error = match members.get("isError").map(RawValue::get) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(junk("isError is neither true nor false".into())),
        };
        let structured = members.get("structuredContent");
        let slice = |part: &RawValue| raw.slice_ref(part.get().as_bytes());
        Ok(Self {
            kind,
            is_error,
            is_empty: members.is_empty(),
            has_meta: members.get("_meta").is_some(),
            content: members.get("content").map(slice),
            structured: structured.map(slice),
            raw: members.without_twins().map_or_else(|| raw.clone(), Bytes::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<CallResult, UpstreamError> {
        CallResult::read(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn reads_members_however_they_are_written() {
        for (text, kind, is_error) in [
            (r#"{"content":[],"x":1e400}"#, Kind::Unsaid, false),
            (r#"{"content":[{"text":"\"isError\":true"}]}"#, Kind::Unsaid, false),
            (r#"{"isError":true}"#, Kind::Unsaid, true),
            (r#"{"is\u0045rror":true}"#, Kind::Unsaid, true),
            (r#"{"resultType":"complete"}"#, Kind::Complete, false),
            (r#"{"resultType":"compl\u0065te"}"#, Kind::Complete, false),
            (r#"{"result\u0054ype":"input_required"}"#, Kind::Unfinished, false),
            (r#"{"resultType":"task"}"#, Kind::Unfinished, false),
        ] {
            let result = read(text).unwrap();
            assert_eq!((result.kind, result.is_error), (kind, is_error), "{text}");
            assert_eq!(result.raw, text);
        }
        for text in [
            r#"{"resultType":"complete","resultType":"input_required"}"#,
            r#"{"resultType":"complete","result\u0054ype":"input_required"}"#,
            r#"{"isError":false,"isError":true}"#,
            r#"{"resultType":7}"#,
            r#"{"isError":"true"}"#,
            r#"{"x":1,"x":2}"#,
            "[]",
        ] {
            assert!(matches!(read(text), Err(UpstreamError::Junk(_))), "{text}");
        }
    }

    #[test]
    fn leaves_out_what_a_client_would_read_as_another_member() {
        for (text, passed) in [
            (r#"{"ResultType":"input_required","a":1}"#, r#"{"a":1}"#),
            (r#"{"isError":false,"IsError":true}"#, r#"{"isError":false}"#),
            (r#"{"i\u017fError":true}"#, "{}"),
            (r#"{"isError":null,"resultType":null,"vendor":null}"#, r#"{"vendor":null}"#),
            (r#"{"content":[],"structuredContent":null,"_meta":null}"#, r#"{"content":[]}"#),
            (r#"{"content":[1],"structured_content":[2]}"#, r#"{"content":[1]}"#),
        ] {
            let result = read(text).unwrap();
            assert_eq!((result.raw.as_ref(), result.is_error), (passed.as_bytes(), false));
            assert_eq!(result.kind, Kind::Unsaid, "{text}");
        }
    }
}
