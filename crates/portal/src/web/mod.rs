//! What all pages and operations share: who asks, what comes in, what goes out.

mod answer;
mod assets;
mod book;
mod change;
mod choices;
mod face;
mod fault;
mod frame;
mod guard;
mod guarded;
mod input;
mod mend;
mod notice;
mod own_page;
mod paging;
mod portal;
mod preference;
mod shown;
mod visitor;

use std::sync::Arc;

use axum::{Router, middleware};
pub(crate) use gatehall_control::page::connection as connection_href;
pub(crate) use gatehall_domain::names::encoded;

pub(crate) use answer::{go_to, render};
pub(crate) use assets::asset;
pub(crate) use book::Book;
pub use book::Way;
pub(crate) use change::unchanged;
pub(crate) use choices::group_names;
pub(crate) use face::{API, Face};
pub(crate) use fault::Fault;
pub(crate) use frame::Frame;
pub(crate) use guard::nothing_here;
pub(crate) use input::{At, Input, Search, Submitted, clearable, lines, text};
pub(crate) use own_page::{is_own_page, own_page};
pub(crate) use paging::{Page, Pages};
pub(crate) use portal::{Portal, Shared};
pub(crate) use preference::{LETTERS, SCHEME};
pub(crate) use shown::{Moment, Short};
pub(crate) use visitor::{Admin, Done, Manager, SignedIn, TenantManager, Visitor};

/// Everything that a book lists, behind what stands before it, with the files of its pages.
pub(crate) fn served(router: Router<Arc<Portal>>, portal: Portal) -> Router {
    let portal = Arc::new(portal);
    router
        .method_not_allowed_fallback(guard::other_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&portal), guard::guard))
        .merge(assets::routes())
        .with_state(portal)
}
