//! Tools as they are shown to people: the gateway knows them, the portal shows them.

use crate::ConnectionId;

/// A tool of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// Whose it is.
    pub connection: ConnectionId,
    /// The name that callers use.
    pub public: &'a str,
    /// The name its server gives it.
    pub name: &'a str,
    /// What it is for, in the server's words.
    pub description: &'a str,
}

/// A tool with its definition.
#[derive(Debug, Clone)]
pub struct ToolDefinition {
    /// Whose it is.
    pub connection: ConnectionId,
    /// The name that callers use.
    pub public: String,
    /// The name its server gives it.
    pub name: String,
    /// What it is for, in the server's words.
    pub description: String,
    /// The schema of its arguments, as JSON.
    pub input_schema: String,
    /// All that the server says of it, as JSON.
    pub definition: String,
}
