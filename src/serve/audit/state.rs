use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// How the audit is doing.
#[derive(Debug, Default)]
pub(in crate::serve) struct AuditState {
    /// Events that are in the journal and not in the store.
    pub(super) waiting: AtomicU64,
    /// Files of the journal that wait to be brought back.
    pub(super) files: AtomicU64,
    /// Lines of the journal that cannot be read, or that the store does not take.
    pub(super) set_aside: AtomicU64,
    /// Why the journal could not be written last.
    failing: Mutex<Option<String>>,
}

impl AuditState {
    pub(in crate::serve) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(in crate::serve) fn set_aside(&self) -> u64 {
        self.set_aside.load(Ordering::Relaxed)
    }

    /// Why the journal cannot be written, if that is so.
    pub(in crate::serve) fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_failing(&self, why: Option<String>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}
