use super::{
    doors::{ClaimMappingRow, HostRuleRow, ProviderRow},
    rows::{ConnectionRow, GrantRow, GroupRow, ServerRow, TenantRow, UserRow},
};

/// One row of a file, and where it stands.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its place, such as `users[3]`.
    pub place: String,
    /// What it says, or why it cannot be read.
    pub row: Result<Row, String>,
}

/// What a row declares.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each variant holds the row of its name")]
pub enum Row {
    Tenant(TenantRow),
    Server(ServerRow),
    Connection(ConnectionRow),
    Group(GroupRow),
    User(UserRow),
    Grant(GrantRow),
    Provider(Box<ProviderRow>),
    ClaimMapping(ClaimMappingRow),
    HostRule(HostRuleRow),
}
