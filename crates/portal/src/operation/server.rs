//! Servers.

use gatehall_domain::{
    AccessClass, Change, Company, Refusal, Server, ServerId, Timestamp, Transport,
};

use super::{find_server, replace, set};

/// What changes of a server. What is not set stays.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "as in Server")]
pub struct ServerEdit {
    pub name: Option<String>,
    pub description: Option<String>,
    pub transport: Option<Transport>,
    pub access: Option<AccessClass>,
    pub stateful: Option<bool>,
    pub tier: Option<String>,
    pub enabled: Option<bool>,
}

/// Adds a server. It offers nothing to anybody before a connection to it exists.
pub fn add(id: &ServerId, transport: Transport, edit: ServerEdit, now: Timestamp) -> Vec<Change> {
    let server = Server {
        id: id.clone(),
        name: edit.name.unwrap_or_else(|| id.to_string()),
        description: edit.description.unwrap_or_default(),
        transport,
        access: edit.access.unwrap_or(AccessClass::Granted),
        stateful: edit.stateful.unwrap_or(false),
        tier: edit.tier.unwrap_or_default(),
        enabled: edit.enabled.unwrap_or(true),
        created_at: now,
    };
    vec![Change::Add(server.into())]
}

/// Changes a server.
///
/// # Errors
/// If it does not exist.
pub fn change(company: &Company, id: &ServerId, edit: ServerEdit) -> Result<Vec<Change>, Refusal> {
    let before = find_server(company, id)?;
    let mut after = Server::clone(before);
    set(&mut after.name, edit.name);
    set(&mut after.description, edit.description);
    set(&mut after.transport, edit.transport);
    set(&mut after.access, edit.access);
    set(&mut after.stateful, edit.stateful);
    set(&mut after.tier, edit.tier);
    set(&mut after.enabled, edit.enabled);
    Ok(replace(before.as_ref(), after))
}
