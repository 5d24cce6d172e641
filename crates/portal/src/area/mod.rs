//! The areas of the portal, a file for each: what is looked at, and what is done there.

mod common;
mod reach;
mod row;
mod users;

use crate::web::Book;

/// All pages and operations.
pub(crate) fn book() -> Book {
    users::ways(Book::new())
}
