//! The data plane: MCP and OpenAPI towards clients, tool servers behind it.
//!
//! A request loads one moment: a snapshot, a catalogue, the upstreams. It is decided and
//! answered from that. Nothing on its way touches a database, or waits for another tenant.

mod body;
mod call;
mod catalogue;
mod check;
mod entry;
mod era;
mod faces;
mod gateway;
mod header_text;
mod inspect;
mod json;
mod json_schema;
mod live;
mod mcp;
mod openapi;
mod record;
mod session;
mod settings;
mod tasks;
mod trace;
mod upstream;

pub use check::{check, tool_names};
pub use faces::faces;
pub use gateway::{Gateway, GatewayParts};
pub use inspect::{Called, Probe};
pub use live::{ConnectionStatus, Live, State};
pub use record::{Recorded, Recorder};
pub use settings::GatewaySettings;
pub use tasks::Tasks;
pub use upstream::{
    Accounts, Egress, Facts, Speaks, StdioUids, UidsUnusable, UpstreamError, enter_lane,
};
