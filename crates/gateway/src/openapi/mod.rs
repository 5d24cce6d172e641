//! Later.
use crate::gateway::Gateway;
use axum::Router;
use std::sync::Arc;
pub(crate) fn routes() -> Router<Arc<Gateway>> {
    Router::new()
}
