//! The areas of the portal, a file for each: what is looked at, and what is done there.

mod common;
mod keys;
mod me;
mod reach;
mod row;
mod search;
mod undo;
mod users;

use crate::web::Book;

/// All pages and operations.
pub(crate) fn book() -> Book {
    let areas = [me::ways, users::ways, keys::ways, undo::ways, search::ways];
    areas.into_iter().fold(Book::new(), |book, ways| ways(book))
}
