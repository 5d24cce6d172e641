use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use gatehall_test_support::program;
use serde_json::{Value, json};

use super::super::Home;
use crate::support::{Client, eventually};

pub(super) const PROBE: &str = include_str!("probe.py");

/// What the gate's environment holds that no server is to see.
pub(super) const SECRET: (&str, &str) = ("SECRET_OF_THE_GATE", "open sesame");

/// Nobody's uid.
pub(super) const NOBODY: &str = "65534";

pub(super) fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// An interpreter that every user may start, also one who may not enter the home of whoever runs
/// the tests.
pub(super) fn python() -> PathBuf {
    let everybodys = |path: &PathBuf| {
        let passes = |it: &Path| it.metadata().is_ok_and(|it| it.permissions().mode() & 1 == 1);
        path.canonicalize().is_ok_and(|path| path.ancestors().all(passes))
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/bin".into(), "/usr/local/bin".into()]);
    let found = folders.map(|folder| folder.join("python3")).find(everybodys);
    found.unwrap_or_else(|| panic!("no python3 that every user may start: run scripts/tools"))
}

/// A company with two tenants, each with a probe of its own.
pub(super) fn company(home: &Home, last: &[&str]) {
    let arguments = [&["-I", "-c", PROBE], last].concat();
    let company = json!({
        "tenants": [{"id": "google"}, {"id": "microsoft"}],
        "servers": [{"id": "probe", "command": python(), "arguments": arguments,
            "environment": {"DECLARED": "yes"}}],
        "connections": [{"tenant": "google", "server": "probe"},
            {"tenant": "microsoft", "server": "probe"}],
        "users": [{"email": "ada@company.example", "admin": true}],
    });
    let file = home.file("company.json", &company.to_string());
    home.must(&["import", &file, "--apply"]);
}

/// A gate that serves, ended when dropped, and whoever may use all of it.
pub(super) struct Gate {
    pub(super) child: Child,
    pub(super) ada: Client,
    log: PathBuf,
}

impl Gate {
    /// Starts it with a secret in its environment, a file open that it was not given, and no modes
    /// but those that it sets itself.
    pub(super) async fn start(home: &Home, wrapper: &[&str], options: &[&str]) -> Self {
        Self::start_as(home, home.command(&[]), wrapper, options).await
    }

    /// The same, as another program than the one that was built.
    pub(super) async fn start_as(
        home: &Home,
        plain: Command,
        wrapper: &[&str],
        options: &[&str],
    ) -> Self {
        let key = home.must(&["key", "add", "--user", "ada@company.example"]);
        if let Some(uid) = wrapper.iter().find_map(|it| it.strip_prefix("--reuid=")) {
            let owned = Command::new("chown").args(["-R", uid]).arg(home.data_dir()).status();
            assert!(owned.unwrap().success());
        }
        let log = home.folder.path().join("log");
        let inherited = home.file("inherited", "what the gate was not given");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "umask 0; exec 7<\"$0\"; exec \"$@\"", &inherited]).args(wrapper);
        command.arg(plain.get_program()).args(plain.get_args());
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(options);
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env(SECRET.0, SECRET.1).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
        let mut gate = Self { child, ada: Client::new(String::new(), key.trim()), log };
        let url = eventually("the gate listens", async || {
            let said = gate.said();
            let at = said.split_once("listens on ")?.1;
            Some(at.split_once('\n')?.0.to_owned())
        })
        .await;
        gate.ada = gate.ada.at(url);
        eventually("both probes answer", async || {
            (gate.ada.tools("/mcp").await.len() == 2).then_some(())
        })
        .await;
        gate
    }

    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has a tenant's probe do something; what it says of that and of itself.
    pub(super) async fn probe(&self, tenant: &str, arguments: Value) -> Value {
        let face = format!("/mcp/{tenant}/probe");
        let answer = self.ada.call(&face, "probe", arguments).await.message();
        let text = answer["result"]["content"][0]["text"].as_str();
        serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap()
    }

    /// What came of each attempt of Google's probe.
    pub(super) async fn attempts(&self, all: &[(&str, String)]) -> Vec<(String, String)> {
        let said = self.probe("google", json!({"try": all})).await;
        outcomes(&said)
    }

    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn outcomes(said: &Value) -> Vec<(String, String)> {
    let tried = said["tried"].as_object().unwrap_or_else(|| panic!("{said}"));
    tried.iter().map(|(what, how)| (what.clone(), how.as_str().unwrap().to_owned())).collect()
}

/// The ways into the process that started a probe.
pub(super) fn ways_into_the_parent() -> Vec<(&'static str, String)> {
    let of = |what: &str| format!("/proc/PARENT/{what}");
    vec![
        ("read", of("environ")),
        ("read", of("maps")),
        ("read", of("mem")),
        ("read", of("fd/7")),
        ("list", of("fd")),
        ("follow", of("cwd")),
        ("follow", of("root")),
        ("trace", "PARENT".into()),
    ]
}

/// Whether a process is there.
pub(super) fn is_there(pid: u64) -> bool {
    // One that has ended and that nobody has taken note of yet is not.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Runs as nobody what follows, if whoever runs the tests is not an ordinary user already.
pub(super) fn as_nobody() -> Vec<String> {
    match is_root() {
        false => Vec::new(),
        true => {
            let setpriv = program("setpriv").display().to_string();
            let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
            vec![setpriv, user, group, "--clear-groups".into()]
        }
    }
}
