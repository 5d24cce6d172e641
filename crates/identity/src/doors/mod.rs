//! All doors in one place: which proof a request carries, and whom it proves.

mod bearer;
mod chat;
mod core;
mod entry;
mod newcomer;
mod one_person;
mod proof;
mod prove;
mod settings;
mod signed_in;
mod verified;

pub use self::{
    core::{DoorParts, Doors},
    settings::{DoorSettings, ForwardedUser},
};
pub(crate) use entry::Entered;

#[cfg(test)]
mod tests;
