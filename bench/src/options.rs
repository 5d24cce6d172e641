use std::path::PathBuf;

use clap::Args;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The gatehall program.
    #[arg(long)]
    pub(crate) gatehall: PathBuf,
    /// Seconds for each figure.
    #[arg(long, default_value = "4")]
    pub(crate) seconds: u64,
    /// PostgreSQL on which replicas meet; SQLite if it is not given.
    #[arg(long, env = "GATEHALL_BENCH_POSTGRES")]
    pub(crate) postgres: Option<String>,
    /// Only the calls.
    #[arg(long)]
    pub(crate) calls: bool,
    /// Only the doors.
    #[arg(long, conflicts_with = "calls")]
    pub(crate) doors: bool,
    /// Only the two ways to keep the audit.
    #[arg(long, conflicts_with_all = ["calls", "doors"])]
    pub(crate) audit: bool,
    /// Only what changes of the company cost.
    #[arg(long, conflicts_with_all = ["calls", "doors", "audit"])]
    pub(crate) changes: bool,
}
