use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Address, ConnectionId, Refusal, ServerId, TenantId, Timestamp};

/// One tenant's use of a server. Its credentials are records of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Own id.
    pub id: ConnectionId,
    /// Whose it is, and of which server.
    #[serde(flatten)]
    pub path: ConnectionPath,
    /// The tenant's own address of the server, if it has one.
    pub url: Option<Address>,
    /// Bounds on its use.
    pub limits: Limits,
    /// Nobody reaches a disabled connection.
    pub enabled: bool,
    /// When the record was made.
    pub created_at: Timestamp,
}

/// The name of a connection: `tenant/server`, or `server` alone if it belongs to no tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnectionPath {
    /// The tenant, or none for a server that is shared on purpose.
    pub tenant: Option<TenantId>,
    /// The server.
    pub server: ServerId,
}

impl ConnectionPath {
    /// The beginning of its tools' public names.
    pub fn prefix(&self) -> String {
        crate::names::prefix(self.tenant.as_ref(), &self.server)
    }
}

impl fmt::Display for ConnectionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tenant {
            Some(tenant) => write!(f, "{tenant}/{}", self.server),
            None => write!(f, "{}", self.server),
        }
    }
}

impl FromStr for ConnectionPath {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Ok(match text.split_once('/') {
            Some(("-", server)) => Self { tenant: None, server: server.parse()? },
            Some((tenant, server)) => {
                Self { tenant: Some(tenant.parse()?), server: server.parse()? }
            }
            None => Self { tenant: None, server: text.parse()? },
        })
    }
}

/// Bounds on the use of a connection. What is not set takes the program's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Seconds until a call is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// Calls under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_calls: Option<u32>,
}
