//! How values look on pages.

use std::fmt;

use gatehall_domain::{Timestamp, names};
use serde::Serialize;

/// A moment, to the minute for people, exactly for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub(crate) struct Moment(#[schemars(with = "String")] pub(crate) Timestamp);

impl Moment {
    /// As HTML's `time` wants it.
    pub(crate) fn exact(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        match (text.get(..10), text.get(11..16)) {
            (Some(day), Some(time)) => write!(f, "{day} {time}"),
            _ => f.write_str(&text),
        }
    }
}

/// A text of somebody else's, cut for showing.
pub(crate) struct Short;

impl Short {
    /// A name.
    pub(crate) fn name(text: &str) -> String {
        names::shown(text, 80).into_owned()
    }

    /// A sentence or two.
    pub(crate) fn text(text: &str) -> String {
        names::shown(text, 400).into_owned()
    }
}
