//! What happened: changes and calls, in one table.

mod change;
mod event;
mod event_row;
mod retention;
mod search;
mod touched;
mod undo;

pub(crate) use change::{ChangeRow, insert_changes};
pub use event_row::EventRow;
pub use search::{Event, EventFilter};
pub(crate) use undo::change;
