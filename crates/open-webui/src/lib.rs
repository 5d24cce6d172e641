//! Open WebUI as its administrators use it: what is set there is read, held against what should be,
//! changed, and taken back.
//!
//! [`Client`] speaks to it, [`Found`] is what was read, a [`Plan`] what [`Wish`] changes of it, and
//! a [`Record`] what was done. Nothing here knows where records are kept or how keys are made.

mod accounts;
mod addresses;
mod apply;
mod check;
mod client;
mod connection;
mod connections;
mod fault;
mod found;
mod group;
mod group_client;
mod import_file;
mod judge;
mod key;
mod model;
mod model_client;
mod narrow;
mod plan;
mod proof;
mod record;
mod restore;
mod test_user;
mod undo;
mod version;
mod wish;

pub use accounts::Account;
pub use addresses::{chat_address, gate_address};
pub use apply::{Journal, Pending, apply};
pub use check::look_at;
pub use client::{Client, Wire};
pub use connection::{CONNECTION, connection_gate, connection_key};
pub use fault::Fault;
pub use found::Found;
pub use group::{WishedGroup, WishedMember};
pub use import_file::{import_file, variables};
pub use judge::judge;
pub use key::{KeyState, key_state};
pub use plan::{Plan, PlanRow, plan};
pub use proof::Proof;
pub use record::Record;
pub use test_user::{TEST_USER, TEST_USER_NAME, TestUser, tools_of};
pub use undo::{Undone, undo};
pub use version::{Known, Version};
pub use wish::{Access, Models, Terms, Wish};
