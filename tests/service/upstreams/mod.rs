//! Real tool servers behind the gate, and some that misbehave.

mod answers;
mod blame;
mod changes;
mod definitions;
mod errors;
mod event_streams;
mod hostile;
mod lines;
mod lost;
mod notes;
mod paging;
mod process;
mod questions;
mod real;
mod renewed;
mod resumed;
mod twins;
mod words;
