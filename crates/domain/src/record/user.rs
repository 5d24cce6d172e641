use serde::{Deserialize, Serialize};

use crate::{EmailAddress, Timestamp, UserId};

/// A human. The e-mail address is an attribute and a lookup key, never the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Own id, which stays when everything else changes.
    pub id: UserId,
    /// Address by which doors and administrators find the user.
    pub email: EmailAddress,
    /// Name to show; may be empty.
    pub name: String,
    /// Whether the user reaches every enabled connection.
    pub admin: bool,
    /// A disabled user reaches nothing, and their keys are dead.
    pub enabled: bool,
    /// When the record was made.
    pub created_at: Timestamp,
}

impl User {
    /// The name to show: the user's own, else the address.
    pub fn shown(&self) -> &str {
        if self.name.is_empty() { self.email.as_str() } else { &self.name }
    }
}

/// A user as an identity provider knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The provider's own id of the user.
    pub subject: String,
    /// The user this is.
    pub user: UserId,
    /// Whether the provider could not say the user's groups the last time, so that those it said
    /// before are kept.
    pub stale: bool,
    /// When the two were linked.
    pub created_at: Timestamp,
}
