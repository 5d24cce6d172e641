//! The control plane: what administrators do, once, for every way in.
//!
//! An operation looks at a snapshot and answers with the changes it takes; the [`Desk`] applies
//! them as one revision. The command line uses these today; pages and the management API will.

mod desk;
pub mod explain;
mod export;
pub mod import;
pub mod operation;
pub mod show;

pub use desk::{Desk, DeskError};
pub use export::export;
