//! Gatehall, the program: command line, settings and wiring. What it does lies in the crates.

mod admin_link;
mod cli;
mod clock;
mod closed;
mod command;
mod demo;
mod deployment;
mod exposed;
mod files;
mod office;
mod output;
mod running;
pub mod serve;
pub mod settings;
mod start;
mod wire;

pub use cli::{Command, Invocation, read_arguments, reference};
pub use clock::system_clock;
pub use closed::close_to_others;
pub use start::{choose_crypto, report, run, start_logging};
