//! The records an administrator keeps, one file for each.

mod connection;
mod credential;
mod grant;
mod group;
mod host_rule;
mod id;
mod key;
mod provider;
mod same;
mod server;
mod tenant;
mod user;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::names::short_digest;

pub use connection::{Connection, ConnectionPath, Limits};
pub use credential::{Ciphertext, Credential, Placement, SecretSource};
pub use grant::{Effect, Grant, Subject, Target};
pub use group::{Group, Membership, Source};
pub use host_rule::{Admit, HostPattern, HostRule, PathPrefix};
pub use id::{
    ClaimMappingId, ConnectionId, GrantId, GroupId, HostRuleId, ProviderId, ServerId, TenantId,
    UserId,
};
pub use key::{Digest, Key, KeyId};
pub use provider::{ClaimMapping, Issuer, Profile, Provider, ProviderSettings, is_guid, is_safe};
pub use server::{AccessClass, Address, Server, Transport};
pub use tenant::{Tenant, TenantAdmin};
pub use user::{ClaimSaid, Identity, OPEN_WEBUI, User, is_open_webui, source_label};

/// Any record. A change adds, replaces or removes one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant holds the record of its name")]
pub enum Record {
    User(User),
    Identity(Identity),
    Group(Group),
    Membership(Membership),
    Tenant(Tenant),
    TenantAdmin(TenantAdmin),
    Server(Server),
    Connection(Connection),
    Credential(Credential),
    Grant(Grant),
    Key(Key),
    Provider(Provider),
    ClaimMapping(ClaimMapping),
    HostRule(HostRule),
}

impl Record {
    /// The kind of record in one word, as used in the audit, in plans and on the command line.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Identity(_) => "identity",
            Self::Group(_) => "group",
            Self::Membership(_) => "membership",
            Self::Tenant(_) => "tenant",
            Self::TenantAdmin(_) => "tenant admin",
            Self::Server(_) => "server",
            Self::Connection(_) => "connection",
            Self::Credential(_) => "credential",
            Self::Grant(_) => "grant",
            Self::Key(_) => "key",
            Self::Provider(_) => "provider",
            Self::ClaimMapping(_) => "claim mapping",
            Self::HostRule(_) => "host rule",
        }
    }

    /// Its members as they are written down: without secrets.
    pub fn members(&self) -> Map<String, Value> {
        let value = serde_json::to_value(self).unwrap_or_default();
        let kind = value.as_object().and_then(|kinds| kinds.values().next());
        kind.and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The variable of the gate that its secret is read from, if it is one.
    pub fn secret_variable(&self) -> Option<&str> {
        let source = match self {
            Self::Credential(it) => Some(&it.secret),
            Self::Provider(it) => it.client_secret.as_ref(),
            _ => None,
        };
        match source {
            Some(SecretSource::Environment(name)) => Some(name),
            _ => None,
        }
    }

    /// A short text that is another one whenever the record's members are others.
    pub fn fingerprint(&self) -> String {
        short_digest(&Value::Object(self.members()).to_string())
    }
}

macro_rules! into_record {
    ($($record:ident),*) => {$(
        impl From<$record> for Record {
            fn from(record: $record) -> Self {
                Self::$record(record)
            }
        }
    )*};
}
into_record!(
    User,
    Identity,
    Group,
    Membership,
    Tenant,
    TenantAdmin,
    Server,
    Connection,
    Credential,
    Grant,
    Key,
    Provider,
    ClaimMapping,
    HostRule
);
