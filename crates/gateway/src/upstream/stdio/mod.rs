//! MCP over the standard input and output of a process.

mod account;
mod deaths;
mod exchange;
mod launch;
mod lines;
mod link;
mod process;
mod reading;
mod stderr;
mod supervise;
mod waiters;

pub use account::{Accounts, StdioUids, UidsUnusable};
pub(super) use deaths::Deaths;
pub(super) use launch::Launch;
pub(super) use link::StdioLink;
