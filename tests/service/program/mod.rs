//! The program itself, as people and scripts use it.

mod chats;
mod commands;
mod deployment;
mod doctor;
mod files;
mod finding;
mod healthcheck;
mod init;
mod newcomers;
mod open_webui;
mod secret_files;
mod secrets;
mod serving;
mod trouble;
mod walls;

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A data folder, and the program that works on it.
pub(crate) struct Home {
    folder: TempDir,
}

/// A program that serves, ended when dropped.
pub(crate) struct Serving(pub(crate) Child);

impl Serving {
    /// Starts it, and waits for the line that says where.
    pub(crate) fn start(mut command: Command) -> (Self, String) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find_map(|line| line.ok().filter(|it| it.contains("listens on"))).unwrap();
        let url = line.rsplit(' ').next().unwrap().to_owned();
        // Whatever it says further must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        (Self(child), url)
    }

    pub(crate) fn terminate(&self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    pub(crate) fn end(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the program said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        // Others than the gate may have their homes within.
        let mut folder = tempfile::Builder::new();
        let folder = folder.permissions(PermissionsExt::from_mode(0o711)).tempdir().unwrap();
        Self { folder }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where the users of stdio servers live.
    fn homes(&self) -> PathBuf {
        self.folder.path().join("homes")
    }

    /// A command line that has nothing of this process's settings. Stdio servers run as whoever
    /// runs the tests, whose tools may lie where nobody else can enter.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatehall"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GATEHALL_")) {
            command.env_remove(name);
        }
        for name in ["XDG_STATE_HOME", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path());
        command.env("GATEHALL_STDIO_UIDS", "none").env("GATEHALL_STDIO_HOMES", self.homes());
        command.arg("--data-dir").arg(self.data_dir()).args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().unwrap())
    }

    /// Runs what has to succeed.
    pub(crate) fn must(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        said.out
    }

    /// Runs what has to succeed, and reads what it prints for scripts.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let out = self.must(&[arguments, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// Runs what has to fail, and says why it did.
    fn fails(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert!(said.code.is_some_and(|code| code != 0), "{arguments:?}: {said:?}");
        format!("{}{}", said.out, said.err)
    }

    /// A file beside the data folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path_text(&path)
    }
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
