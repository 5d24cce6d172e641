use std::sync::Arc;

use bytes::Bytes;
use gatehall_domain::names::shown;

use super::{error::UpstreamError, speaks::Speaks};
use crate::era;

/// How many characters of a server's instructions are kept.
const LONGEST: usize = 16 << 10;

/// What a server said of itself in the handshake. Unverified: nothing is decided on it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What is spoken with it.
    pub speaks: Speaks,
    /// The revision that was agreed on.
    pub revision: &'static str,
    /// The server's name for itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it tells models about the use of its tools, line by line, without control characters.
    pub(crate) instructions: Option<Arc<str>>,
    /// Whether it says that it logs to its clients.
    pub(crate) logs: bool,
    /// Whether it says that it tells when its tools have changed.
    pub(crate) tells_changes: bool,
}

impl Facts {
    fn new(speaks: Speaks, revision: &'static str, result: &serde_json::Value) -> Self {
        // The modern era moved the server's name into the metadata.
        let info = result
            .pointer("/_meta/io.modelcontextprotocol~1serverInfo")
            .or_else(|| result.get("serverInfo"));
        let text = |name: &str| {
            let value = info.and_then(|info| info.get(name)).and_then(|value| value.as_str());
            shown(value.unwrap_or(""), 80).into_owned()
        };
        Self {
            speaks,
            revision,
            name: text("name"),
            version: text("version"),
            instructions: result.get("instructions").and_then(|it| it.as_str()).and_then(plain),
            logs: result.pointer("/capabilities/logging").is_some_and(|it| it.is_object()),
            tells_changes: result.pointer("/capabilities/tools/listChanged")
                == Some(&serde_json::Value::Bool(true)),
        }
    }

    /// What a `DiscoverResult` tells, if it offers the modern revision.
    pub(super) fn modern(result: &Bytes, speaks: Speaks) -> Option<Self> {
        let result: serde_json::Value = serde_json::from_slice(result).ok()?;
        let versions = result.get("supportedVersions")?.as_array()?;
        let offered = versions.iter().any(|version| version == era::MODERN);
        offered.then(|| Self::new(speaks, era::MODERN, &result))
    }

    /// What an `InitializeResult` tells.
    pub(super) fn legacy(result: &Bytes, speaks: Speaks) -> Result<Self, UpstreamError> {
        let result: serde_json::Value = serde_json::from_slice(result)
            .map_err(|_| UpstreamError::Junk("the result of initialize cannot be read".into()))?;
        let version = result.get("protocolVersion").and_then(|it| it.as_str()).unwrap_or("");
        let revision = era::legacy(version).ok_or_else(|| {
            UpstreamError::Handshake(format!("it offers revision \"{version}\" only"))
        })?;
        Ok(Self::new(speaks, revision, &result))
    }
}

/// Instructions in lines without control characters; none if they say nothing.
fn plain(text: &str) -> Option<Arc<str>> {
    let end = text.char_indices().nth(LONGEST).map(|(at, _)| at);
    let mut plain = String::new();
    // Whatever some reader takes for the end of a line is one.
    for line in text[..end.unwrap_or(text.len())].split(['\n', '\u{2028}', '\u{2029}']) {
        plain.push_str(shown(line, LONGEST).trim_end());
        plain.push('\n');
    }
    let mut plain = plain.trim().to_owned();
    if end.is_some() {
        plain.push('\u{2026}');
    }
    (!plain.is_empty()).then(|| plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_plain_and_bounded() {
        let text = "First\u{1b}[31m\r\n\r\n  second\u{0}\u{202e} \nthird\u{2028}fourth\u{85}\rx\n";
        let expected = "First [31m\n\n  second\nthird\nfourth  x";
        assert_eq!(plain(text).as_deref(), Some(expected));
        assert_eq!(plain(" \n\u{7}\n"), None);
        let long = plain(&"\u{e4}".repeat(LONGEST + 1)).unwrap();
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('\u{2026}'));
    }
}
