//! What a request shows besides its proof must not name anybody else.
//!
//! The `Authorization` header is the proof where there is one, else the session. What is compared
//! with it:
//!
//! - The signed user header of an Open WebUI. It is signed for a purpose and nobody sends it by accident,
//!   so one that cannot be checked is refused. Beside a personal key it is refused whomever it
//!   names, since whoever sends it sends it for everybody; so are its unsigned fellows there, which
//!   are never read.
//! - A session. Browsers send cookies unasked, and proxies and chats pass them on, so that only a
//!   good one names anybody.

use gatehall_domain::{Caller, Door, Snapshot, Timestamp, UserId};
use http::{HeaderMap, header::COOKIE};

use super::core::Doors;
use crate::{Rejection, open_webui::ChatUser};

/// How the names of all headers begin in which Open WebUI says who its user is.
const CHAT_USER: &str = "x-openwebui-user-";

impl Doors {
    /// Refuses a second proof that names somebody else than the first.
    pub(super) fn names_one_person(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        if caller.door == Door::PersonalKey && names_chat_users(headers) {
            return Err(Rejection::PersonalKeyForMany);
        }
        // A service key alone proves no person, whatever comes with it.
        let Some(user) = caller.user else { return Ok(()) };
        if caller.door != Door::OpenWebUi
            && let Some(chat) = self.open_webuis.user(headers, now)?
            && named(&chat, snapshot)? != Some(user)
        {
            return Err(Rejection::TwoPeople);
        }
        if caller.door == Door::Session {
            return Ok(());
        }
        self.is_own_session(user, headers, snapshot, now)
    }

    /// Refuses the session of anybody else.
    pub(crate) fn is_own_session(
        &self,
        user: UserId,
        headers: &HeaderMap,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        if !headers.contains_key(COOKIE) {
            return Ok(());
        }
        match self.look_at_session(headers, snapshot, now) {
            Ok(session) if session.user != user => Err(Rejection::TwoPeople),
            // So do two good sessions.
            Err(Rejection::TwoPeople) => Err(Rejection::TwoPeople),
            _ => Ok(()),
        }
    }
}

/// Whether a chat says who of its users asks, signed or not.
pub(super) fn names_chat_users(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with(CHAT_USER))
}

/// Whom Open WebUI names: by the account, or by an address that is compared only.
fn named(chat: &ChatUser, snapshot: &Snapshot) -> Result<Option<UserId>, Rejection> {
    let company = snapshot.company();
    let (issuer, subject) = chat.account();
    if let Some(user) = company.user_by_identity(&issuer, &subject) {
        return Ok(Some(user.id));
    }
    Ok(company.user_by_email(&chat.address()?).map(|user| user.id))
}
