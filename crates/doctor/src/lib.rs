//! Looks at a whole deployment: from outside, as a visitor of its hosts; from inside, as somebody
//! who stands beside its programs; and at the folder that it was started from. It changes nothing.
//!
//! Everything that is asked of the network is asked side by side and for a bounded time ([`look`]).
//! What was seen is judged afterwards by functions that ask nothing. What cannot be known from
//! where it looks is said to be unknown.

mod ask;
mod certificate;
mod clocks;
mod database;
mod deployment;
mod folder;
mod hosts;
mod look;
mod model;
mod names;
mod open_webui;
mod proxy_network;
mod room;
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "servers of a test end with its runtime")]
mod scene;
mod senses;
mod sign_in;

pub use database::{Database, database};
pub use deployment::{Deployment, Model, Ports, Side};
pub use folder::{ComposeFolder, FolderFault};
pub use look::look;
pub use names::{NameFault, Names};
pub use room::Room;
pub use senses::Senses;
