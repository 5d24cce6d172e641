//! Where the portal shows what an operation speaks of.

use gatehall_domain::names::encoded;

/// The page of a connection, by its path.
pub fn connection(path: &str) -> String {
    match path.contains('/') {
        true => format!("/connections/{path}"),
        false => format!("/connections/-/{path}"),
    }
}

/// The page of a user, by their address.
pub fn user(email: &str) -> String {
    format!("/users/{}", encoded(email))
}

/// The page of a group, by its name.
pub fn group(name: &str) -> String {
    format!("/groups/{}", encoded(name))
}
