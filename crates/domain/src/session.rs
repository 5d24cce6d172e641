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
    /// When the provider issued the ID token, by its own clock, in seconds since 1970.
    pub issued_at: Option<i64>,
    /// The ID token, sealed, to show when signing out there.
    pub id_token: Option<Ciphertext>,
}

/// Which sessions are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
        /// Only those of sign-ins until then, by the provider's clock, in seconds since 1970. So
        /// nothing that a provider said ends what began later, however often it is repeated.
        until: Option<i64>,
    },
}

/// How far the clocks of a provider and of this machine may be apart where a session does not know
/// the provider's time, in seconds.
pub const CLOCKS_APART: i64 = 60;

impl Sessions {
    /// Whether a session is meant. The store asks the same of its rows.
    pub fn means(&self, it: &Session) -> bool {
        match self {
            Self::One(id) => it.id == *id,
            Self::User(user) => it.user == *user,
            Self::Account { issuer, subject, session, until } => {
                it.login.as_ref().is_some_and(|login| {
                    let began = login.issued_at;
                    let began = began.unwrap_or(it.created_at.seconds() - CLOCKS_APART);
                    login.issuer == *issuer
                        && subject.as_ref().is_none_or(|it| login.subject == *it)
                        && session.as_ref().is_none_or(|it| match &login.session {
                            Some(own) => own == it,
                            // A provider that names sessions only when it ends them means the
                            // account.
                            None => subject.is_some(),
                        })
                        && until.is_none_or(|until| began <= until)
                })
            }
        }
    }
}
