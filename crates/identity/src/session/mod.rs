//! Who is signed in with a browser.

mod cookie;
mod index;
mod owed;

use std::sync::Arc;

use aws_lc_rs::{digest, rand};
use gatehall_domain::{Digest, ProviderId, Session, Timestamp, UserId};
use gatehall_vault::{Vault, VaultError};
use uuid::Uuid;

pub(crate) use cookie::{CookieJar, Jar};
pub use index::SessionIndex;

/// What the sealed cookie is for.
const PURPOSE: &str = "session";

/// A session that another replica opened this many seconds ago at most may not have been heard of
/// here yet. The seal proves that it was opened.
const NEWS: i64 = 15;

/// When somebody proved who they are who did not, as far as is known.
pub(crate) const NEVER: Timestamp = Timestamp::from_micros(0);

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// Seconds after which an unused one ends.
    pub idle_seconds: i64,
    /// Seconds after which every one ends.
    pub life_seconds: i64,
}

/// A session that is good now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// As in [`Session`].
    pub id: Digest,
    /// Who.
    pub user: UserId,
    /// When they last proved who they are; 1970 where nobody said so.
    pub authenticated_at: Timestamp,
    /// Where; none if by a link, or not known yet.
    pub provider: Option<ProviderId>,
}

impl LiveSession {
    /// Whether it began with a link that the machine's operator made.
    pub fn is_by_link(&self) -> bool {
        self.provider.is_none() && self.authenticated_at > NEVER
    }
}

/// What a cookie holds, before it is sealed.
struct Ticket {
    secret: [u8; 32],
    user: UserId,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl Ticket {
    const LENGTH: usize = 32 + 16 + 8 + 8;

    fn id(&self) -> Digest {
        digest_of(&self.secret)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.extend_from_slice(&self.secret);
        bytes.extend_from_slice(self.user.0.as_bytes());
        bytes.extend_from_slice(&self.created_at.micros().to_be_bytes());
        bytes.extend_from_slice(&self.expires_at.micros().to_be_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (secret, rest) = bytes.split_first_chunk::<32>()?;
        let (user, rest) = rest.split_first_chunk::<16>()?;
        let (created_at, rest) = rest.split_first_chunk::<8>()?;
        let (expires_at, rest) = rest.split_first_chunk::<8>()?;
        rest.is_empty().then_some(Self {
            secret: *secret,
            user: UserId(Uuid::from_bytes(*user)),
            created_at: Timestamp::from_micros(i64::from_be_bytes(*created_at)),
            expires_at: Timestamp::from_micros(i64::from_be_bytes(*expires_at)),
        })
    }
}

/// SHA-256.
pub(crate) fn digest_of(secret: &[u8]) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
    Digest(bytes)
}

/// Sealed session cookies, and what is known of the sessions they stand for.
pub(crate) struct SessionDoor {
    pub(crate) index: Arc<SessionIndex>,
    pub(crate) limits: SessionLimits,
    /// The cookie's name.
    pub(crate) name: String,
    vault: Arc<Vault>,
}

impl SessionDoor {
    pub(crate) fn new(
        vault: Arc<Vault>,
        index: Arc<SessionIndex>,
        limits: SessionLimits,
        name: String,
    ) -> Self {
        Self { index, limits, name, vault }
    }

    /// A new session, and the value of its cookie.
    pub(crate) fn open(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<(Session, String), VaultError> {
        let mut secret = [0; 32];
        rand::fill(&mut secret).map_err(|_| VaultError::Crypto)?;
        let expires_at = now.plus_seconds(self.limits.life_seconds);
        let ticket = Ticket { secret, user, created_at: now, expires_at };
        let value = self.vault.seal_token(PURPOSE, &self.name, &ticket.bytes())?;
        let session = Session {
            id: ticket.id(),
            user,
            login: None,
            authenticated_at: now,
            created_at: now,
            seen_at: now,
            expires_at,
            ended_at: None,
        };
        Ok((session, value))
    }

    /// The session of a cookie's value, if it is good now. A damaged, foreign or old value is none.
    pub(crate) fn check(&self, value: &str, now: Timestamp) -> Option<LiveSession> {
        let bytes = self.vault.open_token(PURPOSE, &self.name, value).ok()?;
        let ticket = Ticket::read(&bytes)?;
        if ticket.expires_at <= now {
            return None;
        }
        let id = ticket.id();
        let (user, created_at) = (ticket.user, ticket.created_at);
        match self.index.look_up(&id, user, now, self.limits.idle_seconds) {
            index::Known::Live { authenticated_at, provider } => {
                Some(LiveSession { id, user, authenticated_at, provider })
            }
            index::Known::Over => None,
            index::Known::Unheard if now < created_at.plus_seconds(NEWS) => {
                // Only the record tells whether it began with a proof.
                Some(LiveSession { id, user, authenticated_at: NEVER, provider: None })
            }
            index::Known::Unheard => None,
        }
    }
}
