//! The areas of the portal, a file for each: what is looked at, and what is done there.

mod audit;
mod audit_difference;
mod audit_export;
mod audit_query;
mod common;
mod import;
mod import_upload;
mod keys;
mod me;
mod reach;
mod row;
mod search;
mod undo;
mod users;

pub use audit_query::audit_filter;

use crate::web::Book;

/// All pages and operations.
pub(crate) fn book() -> Book {
    let areas =
        [me::ways, users::ways, keys::ways, undo::ways, search::ways, audit::ways, import::ways];
    areas.into_iter().fold(Book::new(), |book, ways| ways(book))
}
