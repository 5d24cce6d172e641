//! Connections and their credentials.

use std::str::FromStr;

use gatehall_domain::{
    Address, Change, Company, Connection, ConnectionId, ConnectionPath, Credential, Limits,
    Placement, Refusal, SecretSource, Timestamp,
};
use gatehall_vault::Vault;
use uuid::Uuid;

use super::{NewSecret, checked_secret, find_connection, replace, set};
use crate::DeskError;

/// What changes of a connection. What is not set stays.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "as in Connection")]
pub struct ConnectionEdit {
    pub url: Option<Address>,
    pub timeout_seconds: Option<u32>,
    pub concurrent_calls: Option<u32>,
    /// What goes back to the server's own or the default, before the others are set.
    pub unset: Vec<Settable>,
    pub enabled: Option<bool>,
    pub credentials: Vec<NewCredential>,
    pub remove_credentials: Vec<Placement>,
}

/// What a connection may leave to its server or to the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in Connection")]
pub enum Settable {
    Url,
    TimeoutSeconds,
    ConcurrentCalls,
}

impl FromStr for Settable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "url" => Ok(Self::Url),
            "timeout-seconds" => Ok(Self::TimeoutSeconds),
            "concurrent-calls" => Ok(Self::ConcurrentCalls),
            _ => Err("use url, timeout-seconds or concurrent-calls".into()),
        }
    }
}

/// A secret and where it goes.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// Where the server expects it.
    pub placement: Placement,
    /// The secret, or where the gateway finds it.
    pub secret: NewSecret,
    /// When its issuer lets it end, if that is known.
    pub expires_at: Option<Timestamp>,
}

/// Adds a connection.
///
/// # Errors
/// If a secret cannot be sealed.
pub fn add(
    vault: &Vault,
    path: &ConnectionPath,
    edit: &ConnectionEdit,
    now: Timestamp,
) -> Result<Vec<Change>, DeskError> {
    let connection = Connection {
        id: ConnectionId(Uuid::now_v7()),
        path: path.clone(),
        url: edit.url.clone(),
        limits: Limits {
            timeout_seconds: edit.timeout_seconds,
            concurrent_calls: edit.concurrent_calls,
        },
        enabled: edit.enabled.unwrap_or(true),
        created_at: now,
    };
    let mut changes = vec![Change::Add(connection.clone().into())];
    for new in &edit.credentials {
        let credential = credential(vault, connection.id, new, now)?;
        changes.push(Change::Add(credential.into()));
    }
    Ok(changes)
}

/// Changes a connection and its credentials.
///
/// # Errors
/// If it does not exist, or a secret cannot be sealed.
pub fn change(
    company: &Company,
    vault: &Vault,
    path: &ConnectionPath,
    edit: &ConnectionEdit,
    now: Timestamp,
) -> Result<Vec<Change>, DeskError> {
    let before = find_connection(company, path)?;
    let mut after = Connection::clone(before);
    for field in &edit.unset {
        match field {
            Settable::Url => after.url = None,
            Settable::TimeoutSeconds => after.limits.timeout_seconds = None,
            Settable::ConcurrentCalls => after.limits.concurrent_calls = None,
        }
    }
    if edit.url.is_some() {
        after.url.clone_from(&edit.url);
    }
    if edit.timeout_seconds.is_some() {
        after.limits.timeout_seconds = edit.timeout_seconds;
    }
    if edit.concurrent_calls.is_some() {
        after.limits.concurrent_calls = edit.concurrent_calls;
    }
    set(&mut after.enabled, edit.enabled);
    let mut changes = replace(before.as_ref(), after);
    for placement in &edit.remove_credentials {
        let old = company
            .credentials
            .get(&(before.id, placement.clone()))
            .ok_or_else(|| Refusal::missing("credential", placement))?;
        changes.push(Change::Remove(Credential::clone(old).into()));
    }
    for new in &edit.credentials {
        changes.push(put_credential(company, vault, before.id, new, now)?);
    }
    Ok(changes)
}

/// Adds a credential, or replaces the one at the same place.
pub(crate) fn put_credential(
    company: &Company,
    vault: &Vault,
    connection: ConnectionId,
    new: &NewCredential,
    now: Timestamp,
) -> Result<Change, DeskError> {
    let credential = credential(vault, connection, new, now)?;
    Ok(match company.credentials.get(&(connection, new.placement.clone())) {
        Some(before) => Change::Replace {
            before: Credential::clone(before).into(),
            after: Credential { created_at: before.created_at, ..credential }.into(),
        },
        None => Change::Add(credential.into()),
    })
}

fn credential(
    vault: &Vault,
    connection: ConnectionId,
    new: &NewCredential,
    now: Timestamp,
) -> Result<Credential, DeskError> {
    let secret = match &new.secret {
        NewSecret::Environment(variable) => SecretSource::Environment(variable.clone()),
        NewSecret::Value(secret) => {
            let secret = checked_secret(secret)?;
            SecretSource::Sealed(vault.seal_credential(connection, &new.placement, &secret)?)
        }
    };
    Ok(Credential {
        connection,
        placement: new.placement.clone(),
        secret,
        expires_at: new.expires_at,
        created_at: now,
    })
}
