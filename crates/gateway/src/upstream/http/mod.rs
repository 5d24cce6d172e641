//! MCP over Streamable HTTP, of both eras.

mod back;
mod doubt;
mod events;
mod exchange;
mod handshake;
mod headers;
mod line;
mod link;
mod listen;
mod open;
mod probe;
mod resume;
mod standing;
mod stray;

pub(super) use line::Line;
pub(super) use link::HttpLink;
