//! Sessions with an upstream: opened when first needed, shared by all callers or kept for each,
//! reopened unseen when lost.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use gatehall_domain::UserId;
use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use super::{credentials::Identity, error::UpstreamError};

/// How many callers of a stateful server have a session at once. One that is used rarely goes.
const CALLER_SESSIONS: usize = 256;
/// A caller's session goes when it was not used for so long.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// The sessions of one link. Nobody has a part in one that was opened with other credentials than
/// theirs.
#[derive(Debug)]
pub(super) struct Sessions<T> {
    /// Of the newest credentials that are the connection's own: what the gate asks in on its own
    /// behalf, and its callers, unless the server is stateful.
    shared: ArcSwapOption<Shared<T>>,
    /// All others. Most links never need it.
    others: OnceLock<Cache<Whose, Arc<Slot<T>>>>,
    stateful: bool,
    began: Instant,
}

/// The credentials, and the caller where each has their own.
type Whose = (Identity, Option<UserId>);

#[derive(Debug)]
struct Shared<T> {
    identity: Identity,
    slot: Arc<Slot<T>>,
}

/// Where one session lies, and who may open the next.
#[derive(Debug)]
pub(super) struct Slot<T> {
    open: ArcSwapOption<T>,
    /// Whoever opens holds it. It keeps how the last attempt failed.
    opening: Mutex<Option<UpstreamError>>,
    /// How many attempts have ended.
    attempts: AtomicU64,
    /// When it was last asked for, in seconds after `Sessions::began`.
    used: AtomicU64,
}

impl<T> Sessions<T> {
    pub(super) fn new(stateful: bool) -> Self {
        let (shared, others) = (ArcSwapOption::empty(), OnceLock::new());
        Self { shared, others, stateful, began: Instant::now() }
    }

    /// Where the session is for these credentials, and for this caller if the server is stateful.
    pub(super) fn of(&self, identity: Identity, caller: Option<UserId>) -> Arc<Slot<T>> {
        let caller = caller.filter(|_| self.stateful);
        let shared = || self.shared_of(identity);
        if let Some(slot) = caller.is_none().then(shared).flatten() {
            return slot;
        }
        let new = || Ok::<_, std::convert::Infallible>(Arc::default());
        let others = self.others.get_or_init(|| Cache::new(CALLER_SESSIONS));
        let slot: Arc<Slot<T>> = match others.get_or_insert_with(&(identity, caller), new) {
            Ok(slot) => slot,
            Err(never) => match never {},
        };
        slot.used.store(self.began.elapsed().as_secs(), Ordering::Relaxed);
        slot
    }

    /// None if there are newer credentials.
    fn shared_of(&self, identity: Identity) -> Option<Arc<Slot<T>>> {
        loop {
            let shared = self.shared.load();
            match shared.as_ref() {
                Some(shared) if shared.identity == identity => {
                    return Some(Arc::clone(&shared.slot));
                }
                Some(shared) if shared.identity > identity => return None,
                _ => {
                    let new = Arc::new(Shared { identity, slot: Arc::default() });
                    self.shared.compare_and_swap(&shared, Some(new));
                }
            }
        }
    }

    /// The session in which the gate asks on its own behalf, if it is open.
    pub(super) fn shared(&self) -> Option<Arc<T>> {
        self.shared.load().as_ref()?.slot.current()
    }

    /// Lets go of it.
    pub(super) fn forget_shared(&self) {
        if let Some(shared) = self.shared.load().as_ref() {
            drop(shared.slot.take());
        }
    }

    /// Lets go of the sessions of callers who have been away for long.
    pub(super) fn sweep(&self) {
        let now = self.began.elapsed().as_secs();
        let is_used = |slot: &Slot<T>| slot.used.load(Ordering::Relaxed) + IDLE.as_secs() > now;
        if let Some(others) = self.others.get() {
            others.retain(|_, slot| is_used(slot));
        }
    }

    /// Lets go of all sessions.
    pub(super) fn close(&self) {
        self.forget_shared();
        if let Some(others) = self.others.get() {
            others.iter().for_each(|(_, slot)| drop(slot.take()));
            others.clear();
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            open: ArcSwapOption::empty(),
            opening: Mutex::default(),
            attempts: AtomicU64::new(0),
            used: AtomicU64::new(0),
        }
    }
}

impl<T> Slot<T> {
    /// The session that is open, if one is.
    pub(super) fn current(&self) -> Option<Arc<T>> {
        self.open.load_full()
    }

    /// The open session if it is still good, else a new one. Whoever comes while one is being
    /// opened waits for it, and shares its failure.
    pub(super) async fn get(
        &self,
        is_good: impl Fn(&T) -> bool,
        open: impl AsyncFnOnce() -> Result<T, UpstreamError>,
    ) -> Result<Arc<T>, UpstreamError> {
        self.renew(is_good, async |_| open().await.map(Arc::new)).await
    }

    /// The same where the one that is not known to be good may turn out to be: `open` gets it, and
    /// may give it back.
    pub(super) async fn renew(
        &self,
        is_good: impl Fn(&T) -> bool,
        open: impl AsyncFnOnce(Option<Arc<T>>) -> Result<Arc<T>, UpstreamError>,
    ) -> Result<Arc<T>, UpstreamError> {
        let current = || self.current().filter(|session| is_good(session));
        if let Some(session) = current() {
            return Ok(session);
        }
        let before = self.attempts.load(Ordering::Acquire);
        let mut failure = self.opening.lock().await;
        if let Some(session) = current() {
            return Ok(session);
        }
        if let Some(error) = failure.as_ref()
            && self.attempts.load(Ordering::Acquire) != before
        {
            return Err(error.clone());
        }
        let opened = open(self.current()).await;
        self.attempts.fetch_add(1, Ordering::Release);
        *failure = opened.as_ref().err().cloned();
        let session = opened?;
        self.open.store(Some(Arc::clone(&session)));
        Ok(session)
    }

    /// Takes the open session out.
    pub(super) fn take(&self) -> Option<Arc<T>> {
        self.open.swap(None)
    }
}

#[cfg(test)]
mod tests {
    use gatehall_domain::UserId;
    use uuid::Uuid;

    use super::*;
    use crate::upstream::credentials::Opened;

    fn identity() -> Identity {
        Opened::new(Vec::new()).unwrap().identity
    }

    #[test]
    fn a_session_belongs_to_credentials_and_where_stateful_to_a_caller() {
        let [ada, bob] = [1, 2].map(|id| Some(UserId(Uuid::from_u128(id))));
        let (before, after) = (identity(), identity());
        for stateful in [false, true] {
            let sessions = Sessions::<()>::new(stateful);
            let same = |one: &Arc<Slot<()>>, other: &Arc<Slot<()>>| Arc::ptr_eq(one, other);
            let (own, of_ada) = (sessions.of(before, None), sessions.of(before, ada));
            assert!(same(&own, &sessions.of(before, None)));
            assert!(same(&of_ada, &sessions.of(before, ada)));
            assert_eq!(same(&of_ada, &sessions.of(before, bob)), !stateful);
            assert_eq!(same(&of_ada, &own), !stateful);
            assert!(!same(&of_ada, &sessions.of(after, ada)));
            let renewed = sessions.of(after, None);
            assert!(!same(&own, &renewed));
            // Whoever still has those before takes nothing from those who have the new ones.
            assert!(!same(&renewed, &sessions.of(before, bob)));
            assert!(same(&renewed, &sessions.of(after, None)));
        }
    }
}
