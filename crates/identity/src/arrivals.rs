use std::{future::Future, pin::Pin};

use gatehall_domain::{EmailAddress, KeyId, Timestamp, UserId};

/// A user whom a door saw for the first time.
#[derive(Debug, Clone)]
pub struct NewArrival {
    /// Who vouches for them.
    pub issuer: &'static str,
    /// The issuer's id of them.
    pub subject: String,
    /// Their address.
    pub email: EmailAddress,
    /// Their name.
    pub name: String,
}

/// The account at an identity provider that a user was seen with for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewIdentity {
    /// Who vouches for them.
    pub issuer: &'static str,
    /// The issuer's id of them.
    pub subject: String,
    /// The user here.
    pub user: UserId,
}

/// The little that doors write. The program fulfils it with the store.
pub trait Arrivals: Send + Sync {
    /// Adds a user with no groups, and answers when a snapshot that holds them is in place. None
    /// if that was not possible.
    fn add_user(
        &self,
        arrival: NewArrival,
    ) -> Pin<Box<dyn Future<Output = Option<UserId>> + Send + '_>>;

    /// Binds a user to an account, so that nobody else who gets their address there becomes them.
    /// Must not wait; may be called again until a snapshot shows it.
    fn bind(&self, identity: NewIdentity);

    /// Notes that a key was used. Called for every request, so it must not wait.
    fn key_used(&self, key: &KeyId, at: Timestamp);
}
