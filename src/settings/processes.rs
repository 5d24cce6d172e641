use std::path::PathBuf;

use clap::Args;
use gatehall_gateway::{Accounts, StdioUids, UidsUnusable};

/// As whom the processes of stdio servers run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Processes")]
pub struct ProcessSettings {
    /// Uids for the processes of stdio servers: FIRST-LAST, and each connection has one of them to
    /// itself; none for the gate's own; auto for 2100000000-2146999999 where the gate may choose
    /// (it runs as root), else none.
    #[arg(
        long,
        env = "GATEHALL_STDIO_UIDS",
        value_name = "UIDS",
        default_value = "auto",
        global = true
    )]
    pub stdio_uids: StdioUids,

    /// Folder in which each connection's uid has a home, if it has one to itself. It says which
    /// uid is whose; gates on one machine share it. [default: /var/lib/gatehall-stdio]
    #[arg(long, env = "GATEHALL_STDIO_HOMES", value_name = "DIR", global = true)]
    pub stdio_homes: Option<PathBuf>,
}

impl ProcessSettings {
    /// The accounts that are set.
    ///
    /// # Errors
    /// If uids are set that this program may not use.
    pub fn accounts(&self) -> Result<Accounts, UidsUnusable> {
        Accounts::new(self.stdio_uids, self.stdio_homes.clone())
    }
}
