use std::sync::Arc;

use axum::extract::State;
use gatehall_control::Desk;
use gatehall_identity::Doors;

use crate::Hall;

/// What pages and operations work with.
pub(crate) struct Portal {
    pub(crate) doors: Arc<Doors>,
    pub(crate) desk: Desk,
    pub(crate) hall: Arc<dyn Hall>,
}

/// The state of handlers.
pub(crate) type Shared = State<Arc<Portal>>;
