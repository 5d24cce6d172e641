use serde::{Deserialize, Serialize};

use crate::{
    Connection, ConnectionId, GrantId, GroupId, TenantId, Timestamp, ToolPattern, UserId,
    UserPattern,
};

/// Somebody may, or may not, reach a tenant, a connection, or tools of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Own id.
    pub id: GrantId,
    /// Who.
    pub subject: Subject,
    /// What.
    pub target: Target,
    /// Only tools whose own names match, if set.
    pub tools: Option<ToolPattern>,
    /// Whether this opens or closes.
    pub effect: Effect,
    /// When the record was made.
    pub created_at: Timestamp,
}

/// Whom a grant means.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Members of a group.
    Group(GroupId),
    /// One user.
    User(UserId),
    /// Users whose address matches.
    Pattern(UserPattern),
}

/// What a grant opens or closes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Every connection of a tenant, also those that come later.
    Tenant(TenantId),
    /// One connection.
    Connection(ConnectionId),
}

impl Target {
    /// Whether it means a connection.
    pub fn covers(&self, connection: &Connection) -> bool {
        match self {
            Self::Tenant(tenant) => connection.path.tenant.as_ref() == Some(tenant),
            Self::Connection(id) => *id == connection.id,
        }
    }
}

/// What a grant does. Deny wins over allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Opens.
    Allow,
    /// Closes, whatever else allows; for administrators too.
    Deny,
}

impl Effect {
    /// As written in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}
