//! The rules for servers, and for what their connections show them. What was there before a rule
//! stays as it is, so that it can still be switched off.

use std::sync::Arc;

use crate::{
    AccessClass, Company, Connection, Credential, Placement, Provider, Refusal, SecretSource,
    Server, Transport, variable,
};

/// As many credentials may a connection have.
const MOST_CREDENTIALS: usize = 32;
/// The longest place of a credential, in bytes.
const LONGEST_PLACEMENT: usize = 256;
/// As many variables may a description declare for credentials.
const MOST_VARIABLES: usize = 64;

impl Company {
    pub(super) fn check_server(&self, server: &Server) -> Result<(), Refusal> {
        if let Some(other) = self.servers.keys().find(|other| {
            **other != server.id && other.as_str().eq_ignore_ascii_case(server.id.as_str())
        }) {
            return Err(Refusal::exists("server", other));
        }
        let before = self.servers.get(&server.id);
        if before.is_some_and(|it| it.transport == server.transport && it.access == server.access) {
            return Ok(());
        }
        check_transport(&server.transport)?;
        let own = |it: &&Connection| it.path.server == server.id;
        for connection in self.connections.values().map(AsRef::as_ref).filter(own) {
            check_tenant(server, connection)?;
        }
        for credential in self.credentials.values() {
            let connection = self.need_connection(credential.connection)?;
            if connection.path.server == server.id {
                check_placement(server, credential, connection)?;
            }
        }
        Ok(())
    }

    /// Checks that a connection of no tenant is to a server that names none.
    pub(super) fn check_tenant_named(
        &self,
        connection: &Connection,
        server: &Server,
    ) -> Result<(), Refusal> {
        let before = self.connections.get(&connection.id);
        match before.is_some_and(|it| it.path == connection.path && it.url == connection.url) {
            true => Ok(()),
            false => check_tenant(server, connection),
        }
    }

    pub(super) fn check_credential(&self, credential: &Credential) -> Result<(), Refusal> {
        let connection = self.need_connection(credential.connection)?;
        let server = self
            .servers
            .get(&connection.path.server)
            .ok_or_else(|| Refusal::missing("server", &connection.path.server))?;
        check_placement(server, credential, connection)?;
        if credential.placement.to_string().len() > LONGEST_PLACEMENT {
            let problem = format!("must have at most {LONGEST_PLACEMENT} bytes");
            return Err(Refusal::invalid("placement", problem));
        }
        let before = self.credentials.get(&(credential.connection, credential.placement.clone()));
        check_source(before.map(|it| &it.secret), &credential.secret)?;
        let is_other = |other: &&Arc<Credential>| {
            other.connection == credential.connection && other.placement != credential.placement
        };
        let others: Vec<_> = self.credentials.values().filter(is_other).collect();
        let name = |placement: &Placement| match placement {
            Placement::Header { name, .. } | Placement::Environment { name } => name.clone(),
        };
        let wanted = name(&credential.placement);
        if let Some(twin) = others.iter().find(|other| name(&other.placement) == wanted) {
            return Err(Refusal::exists("credential", &twin.placement));
        }
        if before.is_none() && others.len() >= MOST_CREDENTIALS {
            let problem = format!("a connection has at most {MOST_CREDENTIALS} credentials");
            return Err(Refusal::invalid("placement", problem));
        }
        Ok(())
    }

    /// Checks where the secret of a provider is.
    pub(super) fn check_client_secret(&self, provider: &Provider) -> Result<(), Refusal> {
        let before = self.providers.get(&provider.id).and_then(|it| it.client_secret.as_ref());
        match &provider.client_secret {
            Some(source) => check_source(before, source),
            None => Ok(()),
        }
    }
}

fn check_transport(transport: &Transport) -> Result<(), Refusal> {
    let Transport::Stdio { command, arguments, environment, credential_variables } = transport
    else {
        return Ok(());
    };
    let nul = |text: &String| text.contains('\0');
    let name = |name: &String| !name.is_empty() && !name.contains(['=', '\0']);
    if command.is_empty()
        || nul(command)
        || arguments.iter().any(nul)
        || !environment.keys().all(name)
        || environment.values().any(nul)
    {
        return Err(Refusal::invalid("command", "needs a program, and variables like NAME=value"));
    }
    if credential_variables.len() > MOST_VARIABLES {
        let problem = format!("names more than {MOST_VARIABLES} variables");
        return Err(Refusal::invalid("credential_variables", problem));
    }
    credential_variables.iter().try_for_each(|name| variable::check_declared(name))
}

fn check_tenant(server: &Server, connection: &Connection) -> Result<(), Refusal> {
    if connection.path.tenant.is_some() || !server.transport.names_tenant(connection.url.as_ref()) {
        return Ok(());
    }
    Err(Refusal::invalid(
        "tenant",
        format!(
            "the description of {} has a place for a tenant's id, which connection {} has none \
             for: connect a tenant, or describe another server without {{tenant}}",
            server.id, connection.path
        ),
    ))
}

fn check_placement(
    server: &Server,
    credential: &Credential,
    connection: &Connection,
) -> Result<(), Refusal> {
    if server.access == AccessClass::Public {
        return Err(Refusal::invalid(
            "access",
            format!(
                "server {} is public, so everybody would use the credential of {}: \
                 make it granted or remove the credential",
                server.id, connection.path
            ),
        ));
    }
    let placement = &credential.placement;
    server.transport.takes(placement).map_err(|problem| {
        Refusal::invalid("placement", format!("{placement} of {}: {problem}", connection.path))
    })
}

fn check_source(before: Option<&SecretSource>, now: &SecretSource) -> Result<(), Refusal> {
    match now {
        SecretSource::Environment(name) if before != Some(now) => variable::check_source(name),
        SecretSource::Environment(_) | SecretSource::Sealed(_) => Ok(()),
    }
}
