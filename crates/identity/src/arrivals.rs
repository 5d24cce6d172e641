use std::{future::Future, pin::Pin};

use gatehall_domain::{Digest, EntryEvent, KeyId, Session, Sessions, Timestamp, UserId};

use crate::{Rejection, Visit};

/// What takes a while.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The little that doors write. The program fulfils it with the store.
pub trait Arrivals: Send + Sync {
    /// Settles a visit ([`Visit::settle`]), and answers when a snapshot that holds it is in place.
    fn settle(&self, visit: Visit) -> Pending<'_, Result<UserId, Rejection>>;

    /// Notes that a key was used. Called for every request, so it must not wait.
    fn key_used(&self, key: &KeyId, at: Timestamp);

    /// Keeps a new session.
    fn add_session(&self, session: Session) -> Pending<'_, Result<(), Rejection>>;

    /// A session with its ID token, if it has not expired.
    fn session(&self, id: Digest) -> Pending<'_, Result<Option<Session>, Rejection>>;

    /// Ends sessions, everywhere, and says how many. If the store cannot be written, they have ended
    /// here all the same, and the others hear of it as soon as it can be.
    fn end_sessions(&self, which: Sessions) -> Pending<'_, Result<u64, Rejection>>;

    /// The same for sessions of which somebody says without proof that they have ended: others hear
    /// of it later only as far as these sessions are known here.
    fn end_claimed_sessions(&self, which: Sessions) -> Pending<'_, Result<u64, Rejection>>;

    /// Uses a sign-in link up, and says whom it signs in.
    fn use_link(&self, digest: Digest) -> Pending<'_, Result<Option<UserId>, Rejection>>;

    /// Puts an event into the audit. Must not wait.
    fn record(&self, event: EntryEvent);
}
