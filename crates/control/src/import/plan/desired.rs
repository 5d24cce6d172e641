//! What a row wants a record to be: what it does not set stays as it is, or takes the default.

use std::collections::BTreeSet;

use gatehall_domain::{
    AccessClass, Company, Connection, ConnectionId, Credential, Grant, GrantId, Group, GroupId,
    Limits, Refusal, SecretSource, Server, Subject, Target, Tenant, Timestamp, Transport, User,
    UserId,
};
use gatehall_vault::Vault;
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::{
    import::{ConnectionRow, CredentialRow, GrantRow, GroupRow, ServerRow, TenantRow, UserRow},
    operation::{
        checked_secret, find_connection, find_group, find_tenant, find_user, read_secret_file,
    },
};

pub(super) fn tenant(company: &Company, row: &TenantRow, now: Timestamp) -> Tenant {
    let before = company.tenants.get(&row.id);
    Tenant {
        id: row.id.clone(),
        name: pick(&row.name, before.map(|it| &it.name), || row.id.to_string()),
        description: pick(&row.description, before.map(|it| &it.description), String::new),
        enabled: pick(&row.enabled, before.map(|it| &it.enabled), || true),
        created_at: before.map_or(now, |it| it.created_at),
    }
}

pub(super) fn server(
    company: &Company,
    row: &ServerRow,
    now: Timestamp,
) -> Result<Server, Refusal> {
    let before = company.servers.get(&row.id);
    Ok(Server {
        id: row.id.clone(),
        name: pick(&row.name, before.map(|it| &it.name), || row.id.to_string()),
        description: pick(&row.description, before.map(|it| &it.description), String::new),
        transport: transport(row, before.map(|it| &it.transport))?,
        access: pick(&row.access, before.map(|it| &it.access), || AccessClass::Granted),
        stateful: pick(&row.stateful, before.map(|it| &it.stateful), || false),
        tier: pick(&row.tier, before.map(|it| &it.tier), String::new),
        enabled: pick(&row.enabled, before.map(|it| &it.enabled), || true),
        created_at: before.map_or(now, |it| it.created_at),
    })
}

fn transport(row: &ServerRow, before: Option<&Transport>) -> Result<Transport, Refusal> {
    let kind = match (&row.transport, &row.command) {
        (Some(kind), _) => kind.as_str(),
        (None, Some(_)) => "stdio",
        (None, None) => "streamable-http",
    };
    let refuse = |problem: &str| Err(Refusal::invalid("transport", format!("{kind}: {problem}")));
    match (kind, &row.url, &row.command) {
        ("stdio", None, Some(command)) => Ok(Transport::Stdio {
            command: command.clone(),
            arguments: row.arguments.clone(),
            environment: row.environment.clone(),
            credential_variables: match (&row.credential_variables, before) {
                (Some(said), _) => said.clone(),
                (None, Some(Transport::Stdio { credential_variables, .. })) => {
                    credential_variables.clone()
                }
                (None, _) => BTreeSet::new(),
            },
        }),
        ("stdio", ..) => refuse("needs command instead of url"),
        (_, Some(_), Some(_)) | (_, None, _) => refuse("needs url instead of command"),
        ("streamable-http", Some(url), _) => Ok(Transport::StreamableHttp { url: url.clone() }),
        ("sse", Some(url), _) => Ok(Transport::Sse { url: url.clone() }),
        ("openapi", Some(url), _) => Ok(Transport::OpenApi { url: url.clone() }),
        _ => refuse("must be streamable-http, sse, openapi or stdio"),
    }
}

pub(super) fn connection(company: &Company, row: &ConnectionRow, now: Timestamp) -> Connection {
    let before = company.connection_by_path(&row.path());
    let limits = before.map_or_else(Limits::default, |it| it.limits);
    Connection {
        id: before.map_or_else(|| ConnectionId(Uuid::now_v7()), |it| it.id),
        path: row.path(),
        url: row.url.clone().or_else(|| before.and_then(|it| it.url.clone())),
        limits: Limits {
            timeout_seconds: row.timeout_seconds.or(limits.timeout_seconds),
            concurrent_calls: row.concurrent_calls.or(limits.concurrent_calls),
        },
        enabled: pick(&row.enabled, before.map(|it| &it.enabled), || true),
        created_at: before.map_or(now, |it| it.created_at),
    }
}

/// None if the row leaves the secret to be given by hand, and it was not yet.
pub(super) fn credential(
    company: &Company,
    vault: &Vault,
    connection: ConnectionId,
    row: &CredentialRow,
    now: Timestamp,
) -> Result<Option<Credential>, String> {
    let before = company.credentials.get(&(connection, row.placement.clone()));
    let secret = match (&row.environment, &row.file) {
        (Some(_), Some(_)) => return Err("give environment or file, not both".into()),
        (Some(name), None) => SecretSource::Environment(name.clone()),
        (None, Some(path)) => {
            let secret = read_secret_file(path).map_err(|error| format!("file {path}: {error}"))?;
            let secret =
                checked_secret(&secret).map_err(|error| format!("file {path}: {error}"))?;
            let same = before.filter(|it| {
                let opened = vault.open_credential(it);
                opened.is_ok_and(|opened| opened.expose_secret() == secret.expose_secret())
            });
            match same {
                Some(before) => before.secret.clone(),
                None => {
                    let sealed = vault.seal_credential(connection, &row.placement, &secret);
                    SecretSource::Sealed(sealed.map_err(|error| error.to_string())?)
                }
            }
        }
        (None, None) => match before {
            Some(before) => before.secret.clone(),
            None => return Ok(None),
        },
    };
    Ok(Some(Credential {
        connection,
        placement: row.placement.clone(),
        secret,
        expires_at: row.expires_at.or_else(|| before.and_then(|it| it.expires_at)),
        created_at: before.map_or(now, |it| it.created_at),
    }))
}

pub(super) fn group(company: &Company, row: &GroupRow, now: Timestamp) -> Group {
    let before = company.group_by_name(row.name.as_str());
    Group {
        id: before.map_or_else(|| GroupId(Uuid::now_v7()), |it| it.id),
        name: row.name.clone(),
        description: pick(&row.description, before.map(|it| &it.description), String::new),
        enabled: pick(&row.enabled, before.map(|it| &it.enabled), || true),
        created_at: before.map_or(now, |it| it.created_at),
    }
}

pub(super) fn user(company: &Company, row: &UserRow, now: Timestamp) -> User {
    let before = company.user_by_email(&row.email);
    User {
        id: before.map_or_else(|| UserId(Uuid::now_v7()), |it| it.id),
        email: row.email.clone(),
        name: pick(&row.name, before.map(|it| &it.name), String::new),
        admin: pick(&row.admin, before.map(|it| &it.admin), || false),
        enabled: pick(&row.enabled, before.map(|it| &it.enabled), || true),
        created_at: before.map_or(now, |it| it.created_at),
    }
}

pub(super) fn grant(company: &Company, row: &GrantRow, now: Timestamp) -> Result<Grant, Refusal> {
    let subject = match (&row.group, &row.user, &row.users) {
        (Some(name), None, None) => Subject::Group(find_group(company, name.as_str())?.id),
        (None, Some(email), None) => Subject::User(find_user(company, email)?.id),
        (None, None, Some(pattern)) => Subject::Pattern(pattern.clone()),
        _ => return Err(Refusal::invalid("grant", "needs one of group, user and users")),
    };
    let target = match (&row.tenant, &row.connection) {
        (Some(id), None) => Target::Tenant(find_tenant(company, id)?.id.clone()),
        (None, Some(path)) => Target::Connection(find_connection(company, &path.parse()?)?.id),
        _ => return Err(Refusal::invalid("grant", "needs one of tenant and connection")),
    };
    let (tools, effect) = (row.tools.clone(), row.effect);
    Ok(Grant { id: GrantId(Uuid::now_v7()), subject, target, tools, effect, created_at: now })
}

/// What the row says, else what is there, else the default.
fn pick<T: Clone>(row: &Option<T>, before: Option<&T>, default: impl FnOnce() -> T) -> T {
    row.as_ref().or(before).cloned().unwrap_or_else(default)
}
