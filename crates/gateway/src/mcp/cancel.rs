use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// Calls under way that a legacy client may cancel by naming their request id. The key begins with
/// the caller, so that nobody can cancel another's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancels(Arc<Mutex<HashMap<String, CancellationToken>>>);

/// One such call. Dropped, it cannot be cancelled any more.
#[derive(Debug)]
pub(super) struct Cancellable {
    cancels: Cancels,
    key: String,
    pub(super) token: CancellationToken,
}

impl Cancels {
    /// Makes a call cancellable.
    pub(super) fn register(&self, owner: &str, id: &str) -> Cancellable {
        let (key, token) = (format!("{owner} {id}"), CancellationToken::new());
        self.lock().insert(key.clone(), token.clone());
        Cancellable { cancels: self.clone(), key, token }
    }

    /// Cancels a call if it is under way here.
    pub(super) fn cancel(&self, owner: &str, id: &str) {
        if let Some(token) = self.lock().get(&format!("{owner} {id}")) {
            token.cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        self.cancels.lock().remove(&self.key);
    }
}
