//! Real tool servers behind the gate, and some that misbehave.

mod answers;
mod blame;
mod event_streams;
mod hostile;
mod lost;
mod notes;
mod process;
mod real;
mod resumed;
mod twins;
