//! Rows of the store that cannot be read. They stay as they are, and what they may have closed
//! stays closed: whom or what they mean is taken as widely as it has to be.

mod closed;
mod denied;
mod hanging;
mod key;
mod known;
mod lost;
mod row;
mod without;

pub(super) use closed::is_stand_in;
pub use key::UnreadKey;
pub use known::SetAside;
pub use row::{GrantRemains, Remains, UnreadRow};
