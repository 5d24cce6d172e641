//! One page of a list of tools, as far as it is read.

use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::{
    answer::{Answer, error_parts},
    error::UpstreamError,
    item_kind::ItemKind,
};
use crate::json::{self, Members};

/// The members of the result of `tools/list`.
const KNOWN: &[&str] = &["tools", "nextCursor", "ttlMs", "cacheScope", "resultType", "_meta"];

/// The code of an error that says that there is no such method.
const UNKNOWN_METHOD: i64 = -32601;

/// A cursor is sent back with every request for a page, and is remembered.
const LONGEST_CURSOR: usize = 64 << 10;
/// A list is believed to stay true for so long at most.
const LONGEST_STAY: Duration = Duration::from_secs(24 * 3600);

/// What a page says.
#[derive(Debug)]
pub(super) struct Page {
    /// The definitions as raw JSON.
    pub(super) tools: Vec<Bytes>,
    pub(super) next: Next,
    /// How long the server says the list stays true.
    pub(super) stays: Option<Duration>,
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing.
    End,
    /// The page of this cursor.
    Cursor(String),
    /// Something that cannot be asked for, and why.
    Odd(&'static str),
}

impl Page {
    /// What a server of MCP answered that was asked for the list. One that has nothing to list need
    /// not know the method.
    pub(super) fn answered(
        kind: ItemKind,
        is_first: bool,
        answer: &Answer,
    ) -> Result<Self, UpstreamError> {
        match answer {
            Answer::Result(result) => Self::read(kind, &result.raw),
            Answer::Error(error) => match error_parts(error) {
                (UNKNOWN_METHOD, _) if is_first => {
                    Ok(Self { tools: Vec::new(), next: Next::End, stays: None })
                }
                (_, message) => {
                    let method = kind.list_method();
                    Err(UpstreamError::Junk(format!("{method}: {message}")))
                }
            },
        }
    }

    /// Reads the result.
    fn read(kind: ItemKind, result: &Bytes) -> Result<Self, UpstreamError> {
        let (method, member) = (kind.list_method(), kind.list_member());
        let junk = |what: String| UpstreamError::Junk(format!("{method}: {what}"));
        let text = str::from_utf8(result).map_err(|error| junk(error.to_string()))?;
        let members = Members::of_server(text, KNOWN).map_err(|flaw| junk(flaw.to_string()))?;
        let tools =
            members.get(member).ok_or_else(|| junk(format!("its result has no {member}")))?;
        let tools: Option<Vec<&RawValue>> = serde_json::from_str(tools.get())
            .map_err(|error| junk(format!("its {member} are no list: {error}")))?;
        // Copies: a page may hold much that is no definition.
        let copy = |tool: &RawValue| Bytes::copy_from_slice(tool.get().as_bytes());
        Ok(Self {
            tools: tools.unwrap_or_default().into_iter().map(copy).collect(),
            next: next(members.get("nextCursor")),
            stays: members.get("ttlMs").and_then(stays),
        })
    }
}

fn next(cursor: Option<&RawValue>) -> Next {
    let Some(raw) = cursor.filter(|raw| raw.get() != "null") else { return Next::End };
    match json::text(raw) {
        None => Next::Odd("its cursor for the next page is no text"),
        Some(cursor) if cursor.is_empty() => Next::End,
        Some(cursor) if cursor.len() > LONGEST_CURSOR => {
            Next::Odd("its cursor for the next page is too long")
        }
        Some(cursor) => Next::Cursor(cursor.into_owned()),
    }
}

/// A number above zero, in whatever spelling. Anything else is no hint, and no fault either.
fn stays(raw: &RawValue) -> Option<Duration> {
    let ms: f64 = raw.get().parse().ok()?;
    (ms > 0.0).then(|| Duration::from_secs_f64((ms / 1000.0).min(LONGEST_STAY.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<Page, UpstreamError> {
        Page::read(ItemKind::Tool, &Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn hints_that_are_odd_lose_no_tools() {
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        for (ttl, stays) in [
            ("5000", seconds(5.0)),
            ("1500.5", seconds(1.5005)),
            ("5e3", seconds(5.0)),
            ("1e400", Some(LONGEST_STAY)),
            ("99999999999999999999999", Some(LONGEST_STAY)),
            ("0", None),
            ("-1", None),
            ("-1e400", None),
            ("\"5000\"", None),
            ("\"NaN\"", None),
            ("null", None),
            ("[]", None),
        ] {
            let text = format!(r#"{{"tools":[{{"name":"a"}}],"ttlMs":{ttl}}}"#);
            let page = Page::read(ItemKind::Tool, &text.into()).unwrap();
            assert_eq!((page.tools.len(), page.stays, page.next), (1, stays, Next::End), "{ttl}");
        }
    }

    #[test]
    fn a_cursor_is_a_text_or_the_end() {
        for (text, expected) in [
            (r#"{"tools":[]}"#, Next::End),
            (r#"{"tools":null,"nextCursor":null}"#, Next::End),
            (r#"{"tools":[],"nextCursor":""}"#, Next::End),
            (r#"{"tools":[],"nextCursor":"a\u0062"}"#, Next::Cursor("ab".into())),
            (r#"{"tools":[],"NextCursor":"a"}"#, Next::End),
            (
                r#"{"tools":[],"nextCursor":7}"#,
                Next::Odd("its cursor for the next page is no text"),
            ),
        ] {
            assert_eq!(read(text).unwrap().next, expected, "{text}");
        }
        for junk in ["[]", "{}", r#"{"tools":{}}"#, r#"{"tools":[],"tools":[]}"#] {
            assert!(read(junk).is_err(), "{junk}");
        }
    }
}
