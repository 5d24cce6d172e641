//! Legacy sessions. An id is a sealed token that binds the session to its caller and endpoint, so
//! that any replica can serve it and nobody else can use it.

mod cancel;
mod notes;

use gatehall_domain::{Caller, Endpoint, Timestamp};
use gatehall_vault::Vault;
use http::HeaderName;

pub(crate) use cancel::{Cancellable, Cancels, cancelled};
pub(crate) use notes::SessionNotes;

use crate::era;

/// The header that carries a session's id.
pub(crate) static SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

const PURPOSE: &str = "mcp-session";
/// Seconds after which a client has to begin a new session.
const LIFE: i64 = 24 * 3600;

/// What a session id says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Session {
    /// The revision that was agreed on.
    pub(crate) version: &'static str,
    /// When it began, in microseconds; tells sessions of one caller apart, too.
    began: i64,
    /// Sets apart what began in the same microsecond.
    nonce: u64,
}

impl Session {
    pub(crate) fn new(version: &'static str, now: Timestamp, nonce: u64) -> Self {
        Self { version, began: now.micros(), nonce }
    }

    /// The id for the client.
    pub(crate) fn seal(
        &self,
        vault: &Vault,
        caller: &Caller,
        endpoint: &Endpoint,
    ) -> Option<String> {
        let version = era::LEGACY.iter().position(|version| *version == self.version)? as u8;
        let mut plain = vec![version];
        plain.extend_from_slice(&self.began.to_be_bytes());
        plain.extend_from_slice(&self.nonce.to_be_bytes());
        vault.seal_token(PURPOSE, &owner(caller, endpoint), &plain).ok()
    }

    /// Opens an id. An id of somebody else, of another endpoint, too old or made up are all one:
    /// there is no such session.
    pub(crate) fn open(
        vault: &Vault,
        caller: &Caller,
        endpoint: &Endpoint,
        now: Timestamp,
        id: &str,
    ) -> Option<Self> {
        let plain = vault.open_token(PURPOSE, &owner(caller, endpoint), id).ok()?;
        let (version, began, nonce) = (plain.first()?, plain.get(1..9)?, plain.get(9..17)?);
        let number =
            |bytes: &[u8]| bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let session = Self {
            version: era::LEGACY.get(usize::from(*version))?,
            began: number(began) as i64,
            nonce: number(nonce),
        };
        let end = Timestamp::from_micros(session.began).plus_seconds(LIFE);
        (now <= end).then_some(session)
    }
}

/// Whom a token belongs to: the user and the key at one endpoint.
pub(crate) fn owner(caller: &Caller, endpoint: &Endpoint) -> String {
    let user = caller.user.map(|user| user.to_string()).unwrap_or_default();
    let key = caller.key.as_ref().map_or("", |key| key.as_str());
    format!("{user} {key} {} {endpoint}", caller.door.as_str())
}

#[cfg(test)]
mod tests {
    use gatehall_domain::{Door, UserId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn opens_for_the_same_caller_and_endpoint_only() {
        let vault = Vault::ephemeral().unwrap();
        let now = Timestamp::from_micros(1_000_000);
        let caller = |user: u128, key: &str| Caller {
            user: Some(UserId(Uuid::from_u128(user))),
            door: Door::PersonalKey,
            key: Some(key.parse().unwrap()),
            tenant: None,
        };
        let (alice, google) = (caller(1, "aaaaaaaa"), Endpoint::Tenant("google".parse().unwrap()));
        let session = Session::new("2025-06-18", now, 7);
        let id = session.seal(&vault, &alice, &google).unwrap();
        assert!(id.bytes().all(|byte| byte.is_ascii_graphic()));
        let open = |caller: &Caller, endpoint: &Endpoint, now, id: &str| {
            Session::open(&vault, caller, endpoint, now, id)
        };
        assert_eq!(open(&alice, &google, now, &id), Some(session));
        assert_eq!(open(&caller(2, "aaaaaaaa"), &google, now, &id), None);
        assert_eq!(open(&caller(1, "bbbbbbbb"), &google, now, &id), None);
        assert_eq!(open(&alice, &Endpoint::All, now, &id), None);
        assert_eq!(open(&alice, &google, now.plus_seconds(LIFE + 2), &id), None);
        for junk in ["", "x", &id[..id.len() - 2], "\u{e4}"] {
            assert_eq!(open(&alice, &google, now, junk), None);
        }
    }
}
