//! People whom a chat names and who stay unknown here.

use std::sync::Arc;

use gatehall_domain::{
    Attempt, Caller, Company, Door, EmailAddress, OPEN_WEBUI, Snapshot, Timestamp, quoted,
};
use http::request::Parts;

use super::{core::Doors, entry::Entered};
use crate::Newcomers;

/// The rule that keeps them out.
const RULE: &str = "person.unknown";

impl Doors {
    /// Whether nobody here has this address, and nobody is added for it. What cannot be read may be
    /// a user, which is found out later.
    pub(super) fn is_unknown(&self, email: &EmailAddress, company: &Company) -> bool {
        company.user_by_email(email).is_none()
            && !self.settings.add_unknown_users.admit(email, company)
    }

    /// Which people are added whom an Open WebUI vouches for.
    pub const fn adds_unknown_users(&self) -> Newcomers {
        self.settings.add_unknown_users
    }

    /// An administrator has to hear of somebody who is unknown, who only sees that there are no
    /// tools. Once a minute for each.
    pub(super) fn note_unknown(
        &self,
        caller: &Caller,
        head: &Parts,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) {
        if caller.user.is_some() || caller.door != Door::OpenWebUi {
            return;
        }
        let named = self.open_webuis.user(&head.headers, now).ok().flatten();
        let Some(email) = named.and_then(|it| it.address().ok()) else { return };
        if self.limits.may_note_person(email.as_str(), "log") {
            let because = match self.settings.add_unknown_users {
                Newcomers::Nobody => "GATEHALL_ADD_UNKNOWN_USERS is false, so nobody is added",
                _ => "no grant to a pattern of addresses means them, so that they are not added",
            };
            tracing::warn!(
                rule = RULE,
                "{email} comes from Open WebUI and is nobody here: {because}. More says gatehall \
                 explain {}",
                quoted(email.as_str())
            );
        }
        let (place, address) = (head.uri.path(), self.address(head));
        let (attempt, refused) = (Attempt::Enter, Some(RULE));
        let entered = Entered { attempt, door: OPEN_WEBUI, user: None, place, address, refused };
        self.note_claimed(entered, Some(&email), snapshot, now);
    }
}
