//! What administrators do, once, for every way in.
//!
//! An operation looks at a snapshot and answers with the changes it takes; the [`Desk`] applies
//! them as one revision. The command line, the portal's pages, the management API and the sign-in
//! use the same ones.

mod chats;
mod desk;
pub mod explain;
mod export;
pub mod import;
pub mod operation;
pub mod page;
pub mod show;
pub mod wiring;

pub use chats::{chat_scene, said_of_chats, serving};
pub use desk::{Desk, DeskError, Inverse};
pub use export::export;
