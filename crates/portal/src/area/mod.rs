//! The areas of the portal, a file for each: what is looked at, and what is done there.

mod common;
mod condition;
mod connections;
mod groups;
mod keys;
mod me;
mod probe;
mod reach;
mod row;
mod search;
mod servers;
mod tenants;
mod undo;
mod users;

use crate::web::Book;

/// All pages and operations.
pub(crate) fn book() -> Book {
    let areas = [me::ways, users::ways, groups::ways, tenants::ways, servers::ways, connections::ways, probe::ways, keys::ways, undo::ways, search::ways];
    areas.into_iter().fold(Book::new(), |book, ways| ways(book))
}
