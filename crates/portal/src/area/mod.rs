//! The areas of the portal, a file for each: what is looked at, and what is done there.

mod claim_mappings;
mod common;
mod host_rules;
mod idle;
mod keys;
mod me;
mod overview;
mod providers;
mod reach;
mod row;
mod search;
mod settings;
mod todo;
mod undo;
mod users;

use crate::web::Book;

/// All pages and operations.
pub(crate) fn book() -> Book {
    let areas = [
        me::ways,
        users::ways,
        keys::ways,
        undo::ways,
        search::ways,
        overview::ways,
        settings::ways,
        providers::ways,
        claim_mappings::ways,
        host_rules::ways,
    ];
    areas.into_iter().fold(Book::new(), |book, ways| ways(book))
}
