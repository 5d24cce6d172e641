use serde::Serialize;

use super::key::UnreadKey;
use crate::{
    ConnectionId, ConnectionPath, Effect, EmailAddress, GroupId, GroupName, HostPattern,
    PathPrefix, Subject, Target, ToolPattern, UserId,
};

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadRow {
    /// Its table.
    pub table: &'static str,
    /// Its key, as far as that can be read.
    pub key: UnreadKey,
    /// Which column, and what is wrong with it.
    pub problem: String,
    /// What can still be read of it.
    #[serde(skip)]
    pub remains: Remains,
}

/// What can still be read of a row. None is what cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant has fields of the record of its name")]
pub enum Remains {
    User {
        id: Option<UserId>,
        email: Option<EmailAddress>,
    },
    Identity {
        issuer: Option<String>,
        subject: Option<String>,
        user: Option<UserId>,
    },
    Group {
        id: Option<GroupId>,
        name: Option<GroupName>,
    },
    Membership {
        user: Option<UserId>,
        group: Option<GroupId>,
    },
    Tenant {
        id: Option<String>,
    },
    Server {
        id: Option<String>,
    },
    Provider {
        id: Option<String>,
    },
    Connection {
        id: Option<ConnectionId>,
        path: Option<ConnectionPath>,
    },
    Credential {
        connection: Option<ConnectionId>,
    },
    Grant(GrantRemains),
    ClaimMapping {
        group: Option<GroupId>,
    },
    HostRule {
        host: Option<HostPattern>,
        path: Option<PathPrefix>,
    },
    Key,
    TenantAdmin,
    /// A row of a list that belongs to a record.
    Part,
}

/// What can still be read of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRemains {
    /// What it does.
    pub effect: Option<Effect>,
    /// Whom it means.
    pub subject: Option<Subject>,
    /// What it is for.
    pub target: Option<Target>,
    /// The tenant as it stands there, which may be one whose row cannot be read either.
    pub tenant: Option<String>,
    /// For which tools. None is all.
    pub tools: Option<ToolPattern>,
}

impl Remains {
    /// The kind of record that the row would be.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Identity { .. } => "identity",
            Self::Group { .. } => "group",
            Self::Membership { .. } => "membership",
            Self::Tenant { .. } => "tenant",
            Self::Server { .. } => "server",
            Self::Provider { .. } => "provider",
            Self::Connection { .. } => "connection",
            Self::Credential { .. } => "credential",
            Self::Grant(_) => "grant",
            Self::ClaimMapping { .. } => "claim mapping",
            Self::HostRule { .. } => "host rule",
            Self::Key => "key",
            Self::TenantAdmin => "tenant admin",
            Self::Part => "",
        }
    }
}
