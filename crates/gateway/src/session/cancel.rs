use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::Session;

/// The session, and the id of the request as raw JSON. A session belongs to one caller.
type Key = (Session, Box<str>);

/// Calls under way that a legacy client may cancel by naming their request id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancels(Arc<Mutex<HashMap<Key, CancellationToken>>>);

/// One such call. Dropped, it cannot be cancelled any more.
#[derive(Debug)]
pub(crate) struct Cancellable {
    cancels: Cancels,
    key: Key,
    token: CancellationToken,
}

impl Cancels {
    /// Makes a call cancellable. None if another one under the same id is under way.
    pub(crate) fn register(&self, session: Session, id: &str) -> Option<Cancellable> {
        let (key, token) = ((session, Box::from(id)), CancellationToken::new());
        match self.lock().entry(key.clone()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(place) => place.insert(token.clone()),
        };
        Some(Cancellable { cancels: self.clone(), key, token })
    }

    /// Cancels a call if it is under way here.
    pub(crate) fn cancel(&self, session: Session, id: &str) {
        if let Some(token) = self.lock().get(&(session, Box::from(id))) {
            token.cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the client cancels the call by name: for ever, if it cannot.
pub(crate) async fn cancelled(call: Option<&Cancellable>) {
    match call {
        Some(call) => call.token.cancelled().await,
        None => std::future::pending().await,
    }
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        self.cancels.lock().remove(&self.key);
    }
}
