//! The folder from which a deployment on one server is started: what is in it, and what has to be
//! like what. The command that makes it and the doctor that judges it both read it here, so that
//! neither refuses what the other takes.

pub mod chat_env;
mod dotenv;
mod hosts;
pub mod secret_files;
pub mod table;
pub mod values;
pub mod variables;

pub use dotenv::{Dotenv, written};
pub use hosts::Hosts;

/// What the program itself was started with, which goes before a file's own variables.
fn outside(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
