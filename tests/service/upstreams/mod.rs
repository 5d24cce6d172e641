//! Real tool servers behind the gate, and some that misbehave.

mod answers;
mod errors;
mod hostile;
mod notes;
mod process;
mod real;
mod twins;
