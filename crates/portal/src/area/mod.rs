//! The areas of the portal, a file for each: what is looked at, and what is done there.

mod access;
mod arguments;
mod common;
mod condition;
mod connections;
mod grants;
mod groups;
mod guest;
mod keys;
mod me;
mod members;
mod probe;
mod reach;
mod row;
mod search;
mod servers;
mod tenants;
mod tools;
mod undo;
mod users;
mod who;

use crate::web::Book;

/// All pages and operations.
pub(crate) fn book() -> Book {
    let areas = [
        me::ways,
        users::ways,
        groups::ways,
        tenants::ways,
        servers::ways,
        connections::ways,
        probe::ways,
        tools::ways,
        grants::ways,
        access::ways,
        members::ways,
        keys::ways,
        undo::ways,
        search::ways,
    ];
    areas.into_iter().fold(Book::new(), |book, ways| ways(book))
}
