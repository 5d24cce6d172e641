//! Sessions with an upstream: opened when first needed, shared by all callers or kept for each,
//! reopened unseen when lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use gatehall_domain::UserId;
use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use super::error::UpstreamError;

/// How many callers of a stateful server have a session at once. One that is used rarely goes.
const CALLER_SESSIONS: usize = 256;
/// A caller's session goes when it was not used for so long.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// The sessions of one link.
#[derive(Debug)]
pub(super) struct Sessions<T> {
    shared: Arc<Slot<T>>,
    by_caller: Option<Cache<UserId, Arc<Slot<T>>>>,
    began: Instant,
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
        let by_caller = stateful.then(|| Cache::new(CALLER_SESSIONS));
        Self { shared: Arc::default(), by_caller, began: Instant::now() }
    }

    /// The session for what the gateway asks on its own behalf.
    pub(super) const fn shared(&self) -> &Arc<Slot<T>> {
        &self.shared
    }

    /// The session for a caller: for a stateful server one of their own.
    pub(super) fn of(&self, caller: UserId) -> Arc<Slot<T>> {
        let Some(slots) = &self.by_caller else { return Arc::clone(&self.shared) };
        let new = || Ok::<_, std::convert::Infallible>(Arc::default());
        let slot: Arc<Slot<T>> = match slots.get_or_insert_with(&caller, new) {
            Ok(slot) => slot,
            Err(never) => match never {},
        };
        slot.used.store(self.began.elapsed().as_secs(), Ordering::Relaxed);
        slot
    }

    /// Lets go of the sessions of callers who have been away for long.
    pub(super) fn sweep(&self) {
        let now = self.began.elapsed().as_secs();
        let is_used = |slot: &Slot<T>| slot.used.load(Ordering::Relaxed) + IDLE.as_secs() > now;
        if let Some(slots) = &self.by_caller {
            slots.retain(|_, slot| is_used(slot));
        }
    }

    /// Takes all open sessions out.
    pub(super) fn take(&self) -> impl Iterator<Item = Arc<T>> {
        let slots = self.by_caller.iter().flat_map(|slots| slots.iter().map(|(_, slot)| slot));
        slots.chain([Arc::clone(&self.shared)]).filter_map(|slot| slot.take())
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
