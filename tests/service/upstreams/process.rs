//! Servers that are processes of the gate: what they get, and that none is left behind.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use gatehall_test_support::{Kind, everything, program};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Client, World, eventually};

const ADA: &str = "ada@company.example";
const FACE: &str = "/mcp/google/child";

struct Scene {
    world: World,
    ada: Client,
    folder: TempDir,
}

/// A shell that notes its process group, starts a helper that would stay, and becomes a real
/// server.
async fn scene() -> Scene {
    let folder = TempDir::new().unwrap();
    let groups = folder.path().join("groups");
    let script = format!(
        "echo $$ >> {}; echo 'a word on stderr' >&2; {} 100000 & exec {} {} stdio",
        groups.display(),
        program("sleep").display(),
        program("node").display(),
        everything().display()
    );
    let world = World::new(
        Kind::Sqlite,
        json!({
            "tenants": [{"id": "google"}],
            "servers": [{"id": "child", "command": "/bin/sh", "arguments": ["-c", script],
                "environment": {"DECLARED": "as declared"}}],
            "connections": [{"tenant": "google", "server": "child"}],
            "users": [{"email": ADA, "admin": true}],
        }),
    )
    .await;
    let ada = world.user(ADA).await;
    Scene { world, ada, folder }
}

impl Scene {
    fn groups(&self) -> Vec<String> {
        let path: PathBuf = self.folder.path().join("groups");
        std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
    }
}

/// Whether any process of a group is there.
fn is_there(group: &str) -> bool {
    Command::new("kill").args(["-0", "--", &format!("-{group}")]).output().unwrap().status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_gets_only_what_is_declared() {
    let scene = scene().await;
    let answer = scene.ada.call(FACE, "get-env", json!({})).await.message();
    let text =
        answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let mut environment: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
    // What the shell itself puts there.
    for own in ["PWD", "OLDPWD", "SHLVL", "_"] {
        environment.remove(own);
    }
    assert_eq!(environment, BTreeMap::from([("DECLARED".to_owned(), json!("as declared"))]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_started_again_and_none_is_left_behind() {
    let scene = scene().await;
    let echo = async || {
        let answer = scene.ada.call(FACE, "echo", json!({"message": "hi"})).await.message();
        (answer["result"]["content"][0]["text"] == "Echo: hi").then_some(())
    };
    eventually("the server answers", echo).await;
    let first = scene.groups().pop().unwrap();
    assert!(is_there(&first));
    Command::new("kill").args(["-KILL", &first]).status().unwrap();
    eventually("it answers again", echo).await;
    let groups = scene.groups();
    assert_ne!(groups.last(), Some(&first));
    eventually("what the first one started is gone", async || (!is_there(&first)).then_some(()))
        .await;

    scene.world.service.stop(std::future::pending()).await;
    for group in groups {
        // It is killed, but whoever inherited it may still have to take note.
        eventually("no process is left behind", async || (!is_there(&group)).then_some(())).await;
    }
}
