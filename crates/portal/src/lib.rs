//! The pages of the company and of signing in, and the management API: each handler is written
//! once and serves as both.
//!
//! What they do is in `gatehall-control`; `area/` has a file for each area of the portal, `web/`
//! what they share, `door/` the pages of signing in and out.

mod area;
mod door;
mod hall;
mod pages;
mod web;

use std::sync::Arc;

use axum::Router;
use gatehall_control::Desk;
use gatehall_identity::Doors;

pub use area::audit_filter;
pub use hall::{Called, ChatAccess, Condition, Hall, InStep, Pending, Step};
use web::Portal;
pub use web::Way;

/// Everything that browsers and programs reach of the portal.
pub fn routes(doors: &Arc<Doors>, desk: Desk, hall: Arc<dyn Hall>) -> Router {
    let doorways = door::routes(doors, &hall);
    doorways.merge(pages::routes(Portal { doors: Arc::clone(doors), desk, hall }))
}

/// The answer at paths where nothing is.
pub async fn nothing_here(head: http::request::Parts) -> axum::response::Response {
    web::nothing_here(head).await
}

/// The paths at which people sign in and out, for tests that walk all of them.
pub fn door_paths() -> Vec<&'static str> {
    door::paths()
}

/// The ways into the portal: each path with its method, for tests that walk all of them.
pub fn ways() -> Vec<Way> {
    area::book().finish().1
}
