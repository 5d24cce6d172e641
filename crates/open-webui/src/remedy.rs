//! What to do, in the words of whoever reads it: at the command line, or at the portal's page.

use std::fmt;

use serde::{Serialize, Serializer};

/// What to do about something; empty if nothing. Its text is for the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remedy {
    text: String,
    page: Option<String>,
}

impl Remedy {
    /// One that the page, which has no options, says in other words.
    pub fn new(text: impl Into<String>, page: impl Into<String>) -> Self {
        Self { text: text.into(), page: Some(page.into()) }
    }

    /// Setting it up again with these options, which is so much more on the page.
    pub(crate) fn set_up(options: &str, more: &str) -> Self {
        Self::new(
            format!("gatehall open-webui setup{options} --apply"),
            format!("set it up again{more}"),
        )
    }

    /// Whether there is nothing to do.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// In the words of the page.
    pub fn on_page(&self) -> &str {
        self.page.as_deref().unwrap_or(&self.text)
    }
}

impl From<&str> for Remedy {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Remedy {
    fn from(text: String) -> Self {
        Self { text, page: None }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Remedy {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}
