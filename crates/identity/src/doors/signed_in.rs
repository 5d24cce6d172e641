//! The session that a browser shows.

use gatehall_domain::{ProviderId, Snapshot, Timestamp};
use http::{HeaderMap, HeaderName, request::Parts};

use super::core::Doors;
use crate::{
    Rejection,
    session::{CookieJar, LiveSession},
};

/// What a page sends with what it asks for by itself, so that it does not keep a session from
/// ending while nobody is there.
const UNATTENDED: HeaderName = HeaderName::from_static("gatehall-unattended");

impl Doors {
    /// The session of the browser that sends a request, if it has a good one.
    pub fn signed_in(&self, head: &Parts, snapshot: &Snapshot) -> Option<LiveSession> {
        let now = self.clock.now();
        let fresh = self.snapshots.is_fresh(now);
        self.session(&head.headers, snapshot, now).ok().filter(|_| fresh)
    }

    /// The session of a browser.
    pub(crate) fn session(
        &self,
        headers: &HeaderMap,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<LiveSession, Rejection> {
        let session = self.look_at_session(headers, snapshot, now)?;
        if !headers.contains_key(UNATTENDED) {
            self.sessions.index.used(&session.id, now);
        }
        Ok(session)
    }

    /// The same, which is no use of it.
    pub(super) fn look_at_session(
        &self,
        headers: &HeaderMap,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<LiveSession, Rejection> {
        let jar = CookieJar::of(headers);
        let mut named = jar.all(&self.sessions.name).peekable();
        named.peek().ok_or(Rejection::NoProof)?;
        // Of several the one counts that is good: any page below the cookie domain may set others.
        let good = named.flatten().filter_map(|value| self.sessions.check(value, now));
        let good: Vec<LiveSession> = good.filter(|it| is_somebody(it, snapshot)).collect();
        let session = good.iter().max_by_key(|it| it.authenticated_at);
        let session = session.ok_or(Rejection::NoSession)?;
        if good.iter().any(|other| other.user != session.user) {
            return Err(Rejection::TwoPeople);
        }
        Ok(session.clone())
    }
}

/// Whether a session is still somebody's: a user who is gone or disabled is signed in no longer, and
/// nobody is any more whose provider is gone or disabled.
fn is_somebody(session: &LiveSession, snapshot: &Snapshot) -> bool {
    let providers = &snapshot.company().providers;
    let enabled = |id: &ProviderId| providers.get(id).is_some_and(|it| it.enabled);
    session.provider.as_ref().is_none_or(enabled) && snapshot.view(session.user).is_some()
}
