//! Sessions with an upstream: opened when first needed, shared by all callers or kept for each,
//! reopened unseen when lost.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use gatehall_domain::UserId;
use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use super::UpstreamError;

/// How many callers of a stateful server have a session at once. The one used longest ago goes.
const CALLER_SESSIONS: usize = 256;

/// The sessions of one link.
#[derive(Debug)]
pub(super) struct Sessions<T> {
    shared: Arc<Slot<T>>,
    by_caller: Option<Cache<UserId, Arc<Slot<T>>>>,
}

/// Where one session lies, and who may open the next.
#[derive(Debug)]
pub(super) struct Slot<T> {
    open: ArcSwapOption<T>,
    opening: Mutex<()>,
}

impl<T> Sessions<T> {
    pub(super) fn new(stateful: bool) -> Self {
        Self { shared: Arc::default(), by_caller: stateful.then(|| Cache::new(CALLER_SESSIONS)) }
    }

    /// The session for what the gateway asks on its own behalf.
    pub(super) const fn shared(&self) -> &Arc<Slot<T>> {
        &self.shared
    }

    /// The session for a caller: for a stateful server one of their own.
    pub(super) fn of(&self, caller: UserId) -> Arc<Slot<T>> {
        let Some(slots) = &self.by_caller else { return Arc::clone(&self.shared) };
        match slots
            .get_or_insert_with(&caller, || Ok::<_, std::convert::Infallible>(Arc::default()))
        {
            Ok(slot) => slot,
            Err(never) => match never {},
        }
    }

    /// Takes all open sessions out.
    pub(super) fn take(&self) -> impl Iterator<Item = Arc<T>> {
        let slots = self.by_caller.iter().flat_map(|slots| slots.iter().map(|(_, slot)| slot));
        slots.chain([Arc::clone(&self.shared)]).filter_map(|slot| slot.open.swap(None))
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { open: ArcSwapOption::empty(), opening: Mutex::default() }
    }
}

impl<T> Slot<T> {
    /// The open session if it is still good, else a new one. Whoever comes while one is being
    /// opened waits for it.
    pub(super) async fn get(
        &self,
        is_good: impl Fn(&T) -> bool,
        open: impl AsyncFnOnce() -> Result<T, UpstreamError>,
    ) -> Result<Arc<T>, UpstreamError> {
        let current = || self.open.load_full().filter(|session| is_good(session));
        if let Some(session) = current() {
            return Ok(session);
        }
        let _turn = self.opening.lock().await;
        if let Some(session) = current() {
            return Ok(session);
        }
        let session = Arc::new(open().await?);
        self.open.store(Some(Arc::clone(&session)));
        Ok(session)
    }

    /// Forgets a session, unless a newer one is in place already.
    pub(super) fn lose(&self, lost: &Arc<T>) {
        self.open.compare_and_swap(lost, None);
    }
}
