//! What was looked at, how it is, and what to do about it: one form for whoever looks and whoever
//! shows it.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::names::shown;

/// A subject is not longer, in characters.
const LONGEST_SUBJECT: usize = 300;

/// What is said of it is not longer.
const LONGEST_TEXT: usize = 2000;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// It cannot be seen from here.
    Unknown,
    /// It works, but could be better, or is worth knowing.
    Doubtful,
    /// It does not work, or is not safe.
    Bad,
}

impl Health {
    /// In one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "unknown",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        }
    }
}

/// One thing that was looked at. Whatever its words are from, they can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// How it is.
    pub state: Health,
    /// What was found.
    pub found: String,
    /// What mends it; empty if nothing has to be done.
    pub remedy: Remedy,
    /// The page of the portal on which that is done, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
}

impl Finding {
    /// Something is as it should be.
    pub fn good(subject: impl AsRef<str>, found: impl AsRef<str>) -> Self {
        Self::new(Health::Good, subject.as_ref(), found.as_ref(), Remedy::default())
    }

    /// Something cannot be seen from here; the remedy says from where it can.
    pub fn unknown(
        subject: impl AsRef<str>,
        found: impl AsRef<str>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        Self::new(Health::Unknown, subject.as_ref(), found.as_ref(), remedy.into())
    }

    /// Something could be better, or is worth knowing.
    pub fn doubtful(
        subject: impl AsRef<str>,
        found: impl AsRef<str>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        Self::new(Health::Doubtful, subject.as_ref(), found.as_ref(), remedy.into())
    }

    /// Something does not work, or is not safe.
    pub fn bad(
        subject: impl AsRef<str>,
        found: impl AsRef<str>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        Self::new(Health::Bad, subject.as_ref(), found.as_ref(), remedy.into())
    }

    fn new(state: Health, subject: &str, found: &str, remedy: Remedy) -> Self {
        Self {
            subject: shown(subject, LONGEST_SUBJECT).into_owned(),
            state,
            found: shown(found, LONGEST_TEXT).into_owned(),
            remedy,
            form: None,
        }
    }

    /// It is mended on this page of the portal.
    #[must_use]
    pub fn mended_at(mut self, page: impl Into<String>) -> Self {
        self.form = Some(page.into());
        self
    }
}

/// What to do, in the words of whoever reads it: at the command line, or at the portal's page. Its
/// text is for the command line; empty if there is nothing to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remedy {
    text: String,
    page: Option<Box<str>>,
}

impl Remedy {
    /// One that the page, which has no options, says in other words.
    pub fn new(text: impl AsRef<str>, page: impl AsRef<str>) -> Self {
        Self { page: Some(shown(page.as_ref(), LONGEST_TEXT).into()), ..text.as_ref().into() }
    }

    /// In the words of the command line.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// In the words of the page.
    pub fn on_page(&self) -> &str {
        self.page.as_deref().unwrap_or(&self.text)
    }
}

impl From<&str> for Remedy {
    fn from(text: &str) -> Self {
        Self { text: shown(text, LONGEST_TEXT).into_owned(), page: None }
    }
}

impl From<String> for Remedy {
    fn from(text: String) -> Self {
        text.as_str().into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_words_are_from_they_can_be_shown() {
        let odd = "a\u{1b}[2J\rb\u{202e}c";
        let it = Finding::bad(odd, odd, Remedy::new(odd, odd));
        for text in [&it.subject, &it.found, it.remedy.as_str(), it.remedy.on_page()] {
            assert_eq!(text, "a [2J bc");
        }
        let long = Finding::bad("x", "y".repeat(100_000), "z".repeat(100_000));
        assert!(long.found.len() < 2010 && long.remedy.as_str().len() < 2010);
    }
}
