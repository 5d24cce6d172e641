//! The control plane: what administrators do, once, for every way in.
//!
//! An operation looks at a snapshot and answers with the changes it takes; the [`Desk`] applies
//! them as one revision. The command line, the management API and the pages use the same ones:
//! `area/` has a file for each area of the portal, `web/` what they share, `door/` the pages of
//! signing in and out.

mod area;
mod chats;
mod desk;
mod door;
pub mod explain;
mod export;
mod hall;
pub mod import;
pub mod operation;
pub mod show;
mod web;
pub mod wiring;

use std::sync::Arc;

use axum::Router;
use gatehall_identity::Doors;

pub use area::audit_filter;
pub use chats::{chat_scene, said_of_chats, serving};
pub use desk::{Desk, DeskError, Inverse};
pub use export::export;
pub use hall::{Called, ChatAccess, Condition, Hall, InStep, Pending, Step};
pub use web::Way;

/// Everything that browsers and programs reach of the portal.
pub fn routes(doors: &Arc<Doors>, desk: Desk, hall: Arc<dyn Hall>) -> Router {
    door::routes(doors, &hall).merge(web::routes(doors, desk, hall))
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
