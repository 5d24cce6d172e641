//! The control plane: what administrators do, once, for every way in.
//!
//! An operation looks at a snapshot and answers with the changes it takes; the [`Desk`] applies
//! them as one revision. The command line uses these; [`pages`] has what browsers see.

mod desk;
pub mod explain;
mod export;
pub mod import;
pub mod operation;
mod pages;
pub mod show;

pub use desk::{Desk, DeskError};
pub use export::export;
pub use pages::routes;
