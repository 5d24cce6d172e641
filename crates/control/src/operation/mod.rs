//! What administrators do. Each operation is a function from a company to the changes it takes.

pub mod account;
pub mod connection;
pub mod grant;
pub mod group;
pub mod host_rule;
pub mod key;
pub mod provider;
mod remove;
mod secret;
pub mod server;
pub mod tenant;
pub mod user;

use std::{collections::HashSet, hash::Hash, sync::Arc};

use gatehall_domain::{
    Change, Company, Connection, ConnectionPath, EmailAddress, Group, GroupName, Record, Refusal,
    Server, ServerId, Tenant, TenantId, User, UserId,
};

pub use remove::remove;
pub(crate) use secret::checked as checked_secret;
pub use secret::{NewSecret, read_secret, read_secret_file};

/// The user with this address.
///
/// # Errors
/// If there is none.
pub fn find_user<'c>(company: &'c Company, email: &EmailAddress) -> Result<&'c Arc<User>, Refusal> {
    company.user_by_email(email).ok_or_else(|| Refusal::missing("user", email))
}

/// The group of this name.
///
/// # Errors
/// If there is none.
pub fn find_group<'c>(company: &'c Company, name: &str) -> Result<&'c Arc<Group>, Refusal> {
    company.group_by_name(name).ok_or_else(|| Refusal::missing("group", name))
}

/// The tenant of this id.
///
/// # Errors
/// If there is none.
pub fn find_tenant<'c>(company: &'c Company, id: &TenantId) -> Result<&'c Arc<Tenant>, Refusal> {
    company.tenants.get(id).ok_or_else(|| Refusal::missing("tenant", id))
}

/// The server of this id.
///
/// # Errors
/// If there is none.
pub fn find_server<'c>(company: &'c Company, id: &ServerId) -> Result<&'c Arc<Server>, Refusal> {
    company.servers.get(id).ok_or_else(|| Refusal::missing("server", id))
}

/// The connection of this path.
///
/// # Errors
/// If there is none.
pub fn find_connection<'c>(
    company: &'c Company,
    path: &ConnectionPath,
) -> Result<&'c Arc<Connection>, Refusal> {
    company.connection_by_path(path).ok_or_else(|| Refusal::missing("connection", path))
}

/// The change from one record to another, or none if they are equal.
fn replace<R: Into<Record> + PartialEq + Clone>(before: &R, after: R) -> Vec<Change> {
    if *before == after {
        return Vec::new();
    }
    vec![Change::Replace { before: before.clone().into(), after: after.into() }]
}

/// Each once, in the order in which they are named first: who is named twice is meant once.
fn once<T: Eq + Hash + Clone, E>(named: impl Iterator<Item = Result<T, E>>) -> Result<Vec<T>, E> {
    let mut seen = HashSet::new();
    let new = |it: &Result<T, E>| it.as_ref().map_or(true, |it| seen.insert(it.clone()));
    named.filter(new).collect()
}

/// The users with these addresses, each once.
fn users(company: &Company, emails: &[EmailAddress]) -> Result<Vec<UserId>, Refusal> {
    once(emails.iter().map(|email| Ok(find_user(company, email)?.id)))
}

/// The groups of these names, each once.
fn groups(company: &Company, names: &[GroupName]) -> Result<Vec<GroupName>, Refusal> {
    once(names.iter().map(|name| Ok(find_group(company, name.as_str())?.name.clone())))
}

/// Puts a value in place if one was given.
fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
