//! The program as a process, while the disk is full, the database is away, or power is cut.

mod crash;
mod database;
mod full;
mod journal;
mod parallel;

use std::{
    path::Path,
    process::{Command, Stdio},
};

use gatehall_test_support::{Database, Kind};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    program::{Home, Serving},
    support::{Client, Recorder, eventually},
};

use self::full::{DISK, SmallDisk};

const TOOL: &str = "notes_read_text";

/// A company with its data folder, a tool server, and what its people carry.
struct Scene {
    home: Home,
    /// A disk that the data lies on, if it is not in the home.
    disk: Option<SmallDisk>,
    database: Database,
    _notes: Recorder,
    alice: String,
    ada: String,
}

impl Scene {
    /// Alice may call the tools of a public server, but one; Ada manages.
    async fn new(kind: Kind, disk: Option<SmallDisk>) -> Self {
        let notes = Recorder::start().await;
        let mut database = Database::new(kind);
        if kind == Kind::Sqlite {
            let folder = match &disk {
                Some(_) => Path::new(DISK),
                None => database.folder.path(),
            };
            database.url = format!("sqlite:{}", folder.join("gatehall.db").display());
        }
        let home = Home::new();
        let mut scene =
            Self { home, disk, database, _notes: notes, alice: String::new(), ada: String::new() };
        let groups: Vec<Value> = (0..50).map(|n| json!({"name": format!("group{n}")})).collect();
        let company = json!({
            "servers": [{"id": "notes", "url": scene._notes.url(), "access": "public"}],
            "connections": [{"server": "notes"}],
            "groups": groups,
            "users": [
                {"email": "alice@google.example"},
                {"email": "bob@google.example"},
                {"email": "ada@company.example", "admin": true},
            ],
            "grants": [{"users": "*", "connection": "notes", "tools": "write_*", "effect": "deny"}],
        });
        let file = scene.home.file("company.json", &company.to_string());
        scene.must(&["import", &file, "--apply"]);
        scene.alice = scene.must(&["key", "add", "--user", "alice@google.example"]).trim().into();
        let ada =
            scene.must(&["key", "add", "--user", "ada@company.example", "--manage", "--json"]);
        let ada: Value = serde_json::from_str(&ada).unwrap();
        scene.ada = ada["key"].as_str().unwrap().to_owned();
        scene
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(&[]);
        if let Some(disk) = &self.disk {
            let program = command.get_program().to_owned();
            command = disk.command();
            command.arg(program).args(["--data-dir", DISK]).stdin(Stdio::null());
        }
        command.args(["--database", &self.database.url]).args(arguments);
        command
    }

    fn must(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a gate.
    async fn serve(&self, options: &[&str]) -> Gate {
        let (serving, url) = Serving::start(self.serving("127.0.0.1:0", options));
        self.gate(serving, url).await
    }

    /// What starts a gate. Signals about the size of files are left to the program.
    fn serving(&self, listen: &str, options: &[&str]) -> Command {
        let serve = self.command(&[&["serve", "--listen", listen], options].concat());
        let mut command = Command::new("bash");
        command
            .args(["-c", "trap '' XFSZ; exec \"$@\"", "bash"])
            .arg(serve.get_program())
            .args(serve.get_args())
            .env("GATEHALL_USER_CALLS_PER_MINUTE", "0")
            .stdin(Stdio::null());
        command
    }

    async fn gate(&self, serving: Serving, url: String) -> Gate {
        let gate = Gate {
            alice: Client::new(url.clone(), &self.alice),
            ada: self.ada.clone(),
            http: reqwest::Client::new(),
            serving,
            url,
        };
        eventually("the tools are there", async || {
            (gate.alice.tools("/mcp").await.len() >= 2).then_some(())
        })
        .await;
        gate
    }

    /// What a query finds in the audit.
    fn audit(&self, query: &[&str]) -> Vec<Value> {
        let arguments = [&["audit", "--json", "--last", "1000000"], query].concat();
        serde_json::from_str(&self.must(&arguments)).unwrap()
    }
}

/// A gate that serves.
struct Gate {
    serving: Serving,
    url: String,
    alice: Client,
    ada: String,
    http: reqwest::Client,
}

impl Gate {
    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, None).await
    }

    /// Asks as Ada.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request =
            self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.ada);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn patch(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    /// Calls a tool that answers, as Alice.
    async fn call(&self) -> crate::support::Answer {
        self.alice.call("/mcp", TOOL, json!({"text": "a"})).await
    }

    /// Calls a tool that Alice may not.
    async fn denied(&self) -> crate::support::Answer {
        self.alice.call("/mcp", "notes_write_text", json!({"text": "a"})).await
    }

    /// Waits until the gate says something of itself.
    async fn says(&self, what: &str, path: &str, is: impl Fn(StatusCode, &Value) -> bool) -> Value {
        eventually(what, async || {
            let (status, body) = self.get(path).await;
            is(status, &body).then_some(body)
        })
        .await
    }

    async fn is_well(&self) {
        self.says("the gate is well", "/health/well", |status, _| status == StatusCode::OK).await;
    }

    /// Sets a limit of the process. No file may grow beyond it, as if the disk were full.
    fn limit(&self, bytes: &str) {
        let id = self.serving.0.id().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        assert!(Command::new("prlimit").args(["--pid", &id, &limit]).status().unwrap().success());
    }
}
