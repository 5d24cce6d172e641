//! Who is signed in.

use crate::{Ciphertext, Digest, ProviderId, Timestamp, UserId};

/// A sign-in that lasts: what the cookie of a browser stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of what the cookie holds.
    pub id: Digest,
    /// Who.
    pub user: UserId,
    /// Where they signed in; none if by a sign-in link.
    pub login: Option<ProviderLogin>,
    /// When they last proved who they are.
    pub authenticated_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to a minute.
    pub seen_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
    /// When it was ended before that, if it was.
    pub ended_at: Option<Timestamp>,
}

/// What ties a session to its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLogin {
    /// The provider.
    pub provider: ProviderId,
    /// As in [`crate::Identity`].
    pub issuer: String,
    /// As in [`crate::Identity`].
    pub subject: String,
    /// The provider's id of its own session (`sid`), if it said one.
    pub session: Option<String>,
    /// The ID token, sealed, to show when signing out there.
    pub id_token: Option<Ciphertext>,
}

/// Which sessions are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sessions {
    /// One.
    One(Digest),
    /// All of a user.
    User(UserId),
    /// Those of one account at a provider; with `session`, only those of that sign-in there.
    Account {
        /// As in [`crate::Identity`].
        issuer: String,
        /// As in [`crate::Identity`]; none if only the session is known.
        subject: Option<String>,
        /// The provider's id of its session.
        session: Option<String>,
    },
}
