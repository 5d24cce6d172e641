//! The pages of the company, and the management API.

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use serde_json::Value;

use crate::{
    area,
    web::{API, Portal, served},
};

/// All pages and operations.
pub(crate) fn routes(portal: Portal) -> Router {
    let (router, _, document) = area::book().finish();
    // It is the same for everybody, and says nothing of anybody.
    let document = Arc::new(document);
    let show = move || async move { Json::<Arc<Value>>(document) };
    served(router.route(&format!("{API}/openapi.json"), get(show)), portal)
}
