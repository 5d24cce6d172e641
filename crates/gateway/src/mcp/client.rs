use super::{known::META_CAPABILITIES, negotiate::Speaker, rpc::Incoming};
use crate::era::Era;

/// What of a client decides how it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) era: Era,
    /// Whether it can ask its user to visit a page.
    pub(super) shows_pages: bool,
    /// Whether it comes again, with answers to what it was asked.
    pub(super) has_answered: bool,
}

impl Client {
    pub(super) fn of(speaker: &Speaker, incoming: &Incoming<'_>) -> Self {
        Self {
            era: speaker.era,
            shows_pages: speaker.era == Era::Modern && shows_pages(incoming),
            has_answered: incoming.params.get("inputResponses").is_some(),
        }
    }
}

fn shows_pages(incoming: &Incoming<'_>) -> bool {
    let Some(capabilities) = incoming.meta.get(META_CAPABILITIES) else { return false };
    // Most clients can ask nothing.
    if capabilities.get().len() < "{\"elicitation\":{\"url\":{}}}".len() {
        return false;
    }
    let read: serde_json::Value = serde_json::from_str(capabilities.get()).unwrap_or_default();
    read.pointer("/elicitation/url").is_some_and(serde_json::Value::is_object)
}
