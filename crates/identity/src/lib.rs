//! The doors: from a proof to a [`Caller`](gatehall_domain::Caller). None of them decides access.
//!
//! One file for each door. A door that finds its kind of proof decides alone; wrong proof is an
//! error and never makes a caller nobody.

mod arrivals;
mod doors;
mod key;
mod open_webui;
mod rejection;

pub use arrivals::{Arrivals, NewArrival, NewIdentity};
pub use doors::{DoorSettings, Doors};
pub use open_webui::USER_HEADER as OPEN_WEBUI_USER_HEADER;
pub use rejection::Rejection;
