use serde::{Deserialize, Serialize};

use crate::{TenantId, Timestamp, UserId};

/// A customer or department whose tools, credentials and data never mix with another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Chosen by the administrator; stands in URLs and tool names.
    pub id: TenantId,
    /// Name to show.
    pub name: String,
    /// What it is; may be empty.
    pub description: String,
    /// Nobody reaches anything of a disabled tenant.
    pub enabled: bool,
    /// When the record was made.
    pub created_at: Timestamp,
}

/// A user manages a tenant: its connections, their credentials, and who may use them. Nothing else,
/// and not its tools: those need a grant like anybody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantAdmin {
    /// The tenant.
    pub tenant: TenantId,
    /// Who manages it.
    pub user: UserId,
    /// When the record was made.
    pub created_at: Timestamp,
}
