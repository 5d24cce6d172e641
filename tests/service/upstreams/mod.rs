//! Real tool servers behind the gate, and some that misbehave.

mod answers;
mod changes;
mod hostile;
mod lines;
mod notes;
mod paging;
mod process;
mod real;
mod twins;
mod words;
