//! Servers.

use std::collections::{BTreeMap, BTreeSet};

use gatehall_domain::{
    AccessClass, Address, Change, Company, Refusal, Server, ServerId, Timestamp, Transport,
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

/// What is said of how a server is reached. What is not said stays.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "as in Transport")]
pub struct TransportEdit {
    /// `streamable-http`, `sse` or `openapi`; a command is always `stdio`.
    pub kind: Option<String>,
    pub url: Option<Address>,
    pub command: Option<String>,
    pub arguments: Option<Vec<String>>,
    pub environment: Option<BTreeMap<String, String>>,
    pub credential_variables: Option<BTreeSet<String>>,
}

impl TransportEdit {
    /// The transport these make of the one there was; none if they say nothing of it.
    ///
    /// # Errors
    /// If they do not go together.
    pub fn apply(self, before: Option<&Transport>) -> Result<Option<Transport>, Refusal> {
        let Self { kind, url, command, arguments, environment, credential_variables } = self;
        let process = command.is_some()
            || arguments.is_some()
            || environment.is_some()
            || credential_variables.is_some();
        if !process && url.is_none() && kind.is_none() {
            return Ok(None);
        }
        if process {
            let old = match before {
                Some(Transport::Stdio {
                    command,
                    arguments,
                    environment,
                    credential_variables,
                }) => Some((command, arguments, environment, credential_variables)),
                _ => None,
            };
            return match command.or(old.map(|it| it.0.clone())) {
                Some(command) if url.is_none() && kind.is_none() => Ok(Some(Transport::Stdio {
                    command,
                    arguments: arguments.or(old.map(|it| it.1.clone())).unwrap_or_default(),
                    environment: environment.or(old.map(|it| it.2.clone())).unwrap_or_default(),
                    credential_variables: credential_variables
                        .or(old.map(|it| it.3.clone()))
                        .unwrap_or_default(),
                })),
                _ => Err(Refusal::invalid(
                    "command",
                    "arguments and variables belong to a command, not to a URL",
                )),
            };
        }
        let url = url.or_else(|| before.and_then(Transport::url).cloned());
        let url = url
            .ok_or_else(|| Refusal::invalid("transport", "belongs to a URL: give that as well"))?;
        let before = before.filter(|it| it.url().is_some()).map(Transport::kind);
        match kind.as_deref().or(before) {
            None | Some("streamable-http") => Ok(Some(Transport::StreamableHttp { url })),
            Some("sse") => Ok(Some(Transport::Sse { url })),
            Some("openapi") => Ok(Some(Transport::OpenApi { url })),
            _ => Err(Refusal::invalid("transport", "choose streamable-http, sse or openapi")),
        }
    }
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
