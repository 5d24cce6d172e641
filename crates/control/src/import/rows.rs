//! What a row of a file may say of a record.

use std::collections::{BTreeMap, BTreeSet};

use gatehall_domain::{
    AccessClass, Address, ConnectionPath, Effect, EmailAddress, GroupName, Placement, ServerId,
    TenantId, Timestamp, ToolPattern, UserPattern,
};
use serde::{Deserialize, Serialize};

/// A tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in Tenant")]
pub struct TenantRow {
    pub id: TenantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A server. `url` alone means Streamable HTTP, `command` means stdio.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in Server")]
pub struct ServerRow {
    pub id: ServerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `streamable-http`, `sse`, `openapi` or `stdio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessClass>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stateful: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The variables that credentials may fill; left out, they stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_variables: Option<BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

/// A connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in Connection")]
pub struct ConnectionRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    pub server: ServerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_calls: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CredentialRow>,
}

impl ServerRow {
    /// A row that names a server and says nothing of it yet.
    pub(crate) fn new(id: ServerId) -> Self {
        Self {
            id,
            name: None,
            description: None,
            transport: None,
            url: None,
            command: None,
            arguments: Vec::new(),
            access: None,
            stateful: None,
            tier: None,
            enabled: None,
            credential_variables: None,
            environment: BTreeMap::new(),
        }
    }
}

impl ConnectionRow {
    /// A row that names a connection and says nothing of it yet.
    pub(crate) const fn new(tenant: Option<TenantId>, server: ServerId) -> Self {
        Self {
            tenant,
            server,
            url: None,
            timeout_seconds: None,
            concurrent_calls: None,
            enabled: None,
            credentials: Vec::new(),
        }
    }

    /// The connection's name.
    pub fn path(&self) -> ConnectionPath {
        ConnectionPath { tenant: self.tenant.clone(), server: self.server.clone() }
    }
}

/// Where a server expects a secret, and where the secret is. A file never holds the secret itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRow {
    /// As in [`Placement`].
    #[serde(with = "placement_text")]
    pub placement: Placement,
    /// The gateway reads it from this environment variable whenever it needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The import reads it from this file, once, and seals it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// When its issuer lets it end, to be reminded of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in Group")]
pub struct GroupRow {
    pub name: GroupName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A user. `groups`, if set, is all that imports say of the user's groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in User")]
pub struct UserRow {
    pub email: EmailAddress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<GroupName>>,
    /// The tenants that the user manages, if set all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manages: Option<Vec<TenantId>>,
}

/// A grant: one of `group`, `user`, `users` (a pattern), and one of `tenant`, `connection`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as in Grant")]
pub struct GrantRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<EmailAddress>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<UserPattern>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<ToolPattern>,
    #[serde(default = "allow", skip_serializing_if = "is_allow")]
    pub effect: Effect,
}

impl GrantRow {
    /// An allow grant that does not say yet to whom, and of what.
    pub(crate) const fn allow() -> Self {
        Self {
            group: None,
            user: None,
            users: None,
            tenant: None,
            connection: None,
            tools: None,
            effect: Effect::Allow,
        }
    }
}

const fn allow() -> Effect {
    Effect::Allow
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_allow(effect: &Effect) -> bool {
    *effect == Effect::Allow
}

mod placement_text {
    use gatehall_domain::Placement;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        it: &Placement,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(it)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Placement, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
