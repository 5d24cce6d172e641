/// What a grant means, by numbers among the connections of one company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A tenant, by the number of its first connection.
    Tenant(u32),
    /// A connection.
    Connection(u32),
}
