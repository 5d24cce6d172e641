//! Inputs that several areas take.

use gatehall_domain::EmailAddress;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::web::{Fault, lines};

/// Nothing has to be said.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// What goes when something is removed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    /// Also remove everything that depends on it.
    #[serde(default)]
    pub(super) cascade: bool,
    /// The version that the change is based on; refused if the record has changed since.
    pub(super) seen: Option<String>,
}

/// What a list is searched for.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ListSearch {
    /// Words that must all occur.
    pub(super) q: Option<String>,
    /// The page, from 1.
    pub(super) page: Option<usize>,
}

impl ListSearch {
    /// The words that are looked for, in lower case.
    pub(super) fn words(&self) -> Words {
        Words::new(self.q.as_deref().unwrap_or_default())
    }
}

/// Words, all of which have to be found.
pub(super) struct Words(Vec<String>);

impl Words {
    pub(super) fn new(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_lowercase).collect())
    }

    /// Whether each word is in one of these texts.
    pub(super) fn are_in(&self, texts: &[&str]) -> bool {
        self.0.iter().all(|word| texts.iter().any(|text| holds(text, word)))
    }
}

/// Whether a text holds a word in lower case, whatever its own case.
fn holds(text: &str, word: &str) -> bool {
    if text.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        return text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}

/// Addresses as people paste them.
pub(super) fn addresses(text: &str) -> Result<Vec<EmailAddress>, Fault> {
    lines(text).map(|it| it.parse().map_err(Fault::Refused)).collect()
}
