//! What an administrator has to see to, as far as all that looks for such things shares it.

use gatehall_domain::{ProviderId, RefusedAccount, Snapshot, Timestamp};
use gatehall_identity::{ChatScene, ProviderTrouble};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    hall::{Condition, Hall},
    web::connection_href,
};

/// A sentence: the subject leads to where the thing is mended.
#[derive(Serialize, JsonSchema)]
pub(super) struct Thing {
    pub(super) subject: String,
    pub(super) href: String,
    pub(super) text: String,
}

/// What is looked at.
pub(super) struct Scene<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) conditions: &'a [Condition],
    pub(super) hall: &'a dyn Hall,
    /// Providers that do not work, and why.
    pub(super) provider_troubles: &'a [(ProviderId, ProviderTrouble)],
    /// What is known of Open WebUIs.
    pub(super) chats: &'a ChatScene,
    /// Accounts that were not let in, since their user is bound to another.
    pub(super) refused: &'a [RefusedAccount],
    pub(super) now: Timestamp,
}

impl Scene<'_> {
    /// A thing to do at a connection.
    pub(super) fn at(&self, condition: &Condition, text: String) -> Thing {
        let subject = self.snapshot.company().connection_label(condition.connection);
        Thing { href: connection_href(&subject), subject, text }
    }
}

/// What is so, and sentences that follow.
pub(super) fn sentences(beginning: &str, texts: &[&str]) -> String {
    let mut all = beginning.to_owned();
    let texts = texts.iter().map(|it| it.trim_end_matches(['.', ' ']));
    for (at, text) in texts.filter(|it| !it.is_empty()).enumerate() {
        let mut letters = text.chars();
        let first = letters.next().map(|c| if at == 0 { c } else { c.to_ascii_uppercase() });
        all.push(' ');
        all.extend(first);
        all.push_str(letters.as_str());
        all.push('.');
    }
    all
}
