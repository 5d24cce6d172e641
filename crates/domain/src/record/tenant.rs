use serde::Serialize;

use crate::{TenantId, Timestamp};

/// A customer or department whose tools, credentials and data never mix with another's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
