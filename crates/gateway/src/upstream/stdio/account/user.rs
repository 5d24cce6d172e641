use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use super::reach::why_not;

/// The account of one connection's processes.
#[derive(Debug)]
pub(in crate::upstream::stdio) struct Account {
    pub(in crate::upstream::stdio) uid: u32,
    pub(super) home: PathBuf,
    pub(super) temporary: PathBuf,
}
impl Account {
    /// What it takes to run as this user: nothing of the gate's groups or folder, and a home.
    pub(in crate::upstream::stdio) fn take(&self, command: &mut Command) {
        let name = format!("uid{}", self.uid);
        command
            .uid(self.uid)
            .gid(self.uid)
            .current_dir(&self.home)
            .env("HOME", &self.home)
            .env("TMPDIR", &self.temporary)
            .env("USER", &name)
            .env("LOGNAME", &name);
    }

    /// The program to start, since a path that begins at the gate's folder leads elsewhere from
    /// this user's.
    pub(in crate::upstream::stdio) fn program(command: &str) -> OsString {
        match command.contains('/') {
            true => std::path::absolute(command).map_or_else(|_| command.into(), Into::into),
            false => command.into(),
        }
    }

    /// Why the program could not be started.
    pub(in crate::upstream::stdio) fn explain(
        &self,
        command: &str,
        error: &std::io::Error,
    ) -> String {
        let (uid, home) = (self.uid, self.home.display());
        if error.kind() != std::io::ErrorKind::PermissionDenied {
            return format!("{command}: {error} (as uid {uid}, in {home})");
        }
        let why = match command.contains('/') {
            true => why_not(Path::new(&Self::program(command)), uid),
            false => format!("uid {uid} may not execute it"),
        };
        format!(
            "{command}: {why}. This connection's processes run as that user: install the program \
             where everybody may execute it, such as /opt or /usr/local (or see --stdio-uids)"
        )
    }
}
