//! The areas of the portal, a file for each: what is looked at, and what is done there.

mod access;
mod accounts;
mod arguments;
mod audit;
mod audit_difference;
mod audit_export;
mod audit_query;
mod chats;
mod claim_mappings;
mod common;
mod condition;
mod connections;
mod credentials;
mod finding;
mod grants;
mod groups;
mod guest;
mod host_rules;
mod idle;
mod import;
mod import_people;
mod import_upload;
mod keys;
mod me;
mod members;
mod members_pending;
mod open_webui;
mod overview;
mod probe;
mod providers;
mod reach;
mod row;
mod scene;
mod search;
mod servers;
mod settings;
mod tenants;
mod todo;
mod tools;
mod undo;
mod users;
mod who;

pub use audit_query::audit_filter;

use crate::web::Book;

/// All pages and operations.
pub(crate) fn book() -> Book {
    let areas = [
        me::ways,
        users::ways,
        accounts::ways,
        groups::ways,
        tenants::ways,
        servers::ways,
        connections::ways,
        credentials::ways,
        probe::ways,
        tools::ways,
        grants::ways,
        access::ways,
        members::ways,
        keys::ways,
        undo::ways,
        search::ways,
        audit::ways,
        import::ways,
        overview::ways,
        settings::ways,
        open_webui::ways,
        providers::ways,
        claim_mappings::ways,
        host_rules::ways,
    ];
    areas.into_iter().fold(Book::new(), |book, ways| ways(book))
}
