//! The disk is full.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use gatehall_test_support::Kind;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Scene;
use crate::{
    program::Serving,
    support::{eventually, free_port},
};

/// Where a small disk is, for those who see it.
pub(super) const DISK: &str = "/mnt";

/// A small file system that can be filled. Only programs that are started for it see it.
pub(super) struct SmallDisk(Child);

impl SmallDisk {
    /// None where the system lets nobody mount anything.
    #[expect(clippy::print_stderr, reason = "a test that cannot be made says so")]
    fn mount(megabytes: u32) -> Option<Self> {
        let mut command = Command::new("unshare");
        if !is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let script = format!(
            "mount -t tmpfs -o size={megabytes}m tmpfs {DISK} && echo mounted && exec sleep 1000"
        );
        let mut holder = command
            .args(["--mount", "sh", "-c", &script])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut said = [0; 7];
        let mounted = holder.stdout.as_mut().unwrap().read_exact(&mut said);
        let disk = Self(holder);
        if mounted.is_err() {
            eprintln!("nothing can be mounted here: tried without a small disk");
            return None;
        }
        Some(disk)
    }

    /// Starts what comes as further arguments, where the disk is seen.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.0.id().to_string(), "--mount"]);
        if !is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command
    }

    fn filler(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{DISK}/filler", self.0.id()))
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        for size in [1 << 20, 4096, 1] {
            let block = vec![1; size];
            while filler.write_all(&block).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_can_be_taken_away_and_denials_are_kept_while_the_disk_is_full() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let scene = Scene::new(Kind::Sqlite, Some(disk)).await;
    let disk = scene.disk.as_ref().unwrap();
    let gate = scene.serve(&[]).await;
    gate.is_well().await;
    disk.fill();
    // Sooner or later there is no room for more.
    let (mut calls, mut denials, mut added) = (0, 0, 0);
    eventually("writing fails", async || {
        for _ in 0..100 {
            assert_eq!(gate.call().await.status, StatusCode::OK);
        }
        assert_eq!(gate.denied().await.json()["error"]["code"], -32602);
        (calls, denials) = (calls + 100, denials + 1);
        let user = json!({"email": format!("new{added}@google.example")});
        let (status, said) = gate.ask(Method::POST, "/api/v1/users", Some(user)).await;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return said["detail"].to_string().contains("full").then_some(());
        }
        assert!(status.is_success(), "{status} {said}");
        added += 1;
        None
    })
    .await;
    // The gate serves, and says that it is not well, and why.
    let (status, report) = gate.get("/ready").await;
    assert_eq!(status, StatusCode::OK, "{report}");
    assert!(report["well"] == false && report["writes_fail_for_seconds"].is_u64(), "{report}");
    assert_eq!(gate.get("/health/well").await.0, StatusCode::SERVICE_UNAVAILABLE);
    let (_, overview) = gate.get("/api/v1/overview").await;
    assert!(overview["todo"].to_string().contains("is full"), "{overview}");
    assert_eq!(gate.denied().await.json()["error"]["code"], -32602);
    denials += 1;
    // Beside the gate and through it.
    scene.must(&["user", "change", "bob@google.example", "--enabled", "false"]);
    let off = json!({"enabled": false});
    let (status, said) = gate.patch("/api/v1/users/alice@google.example", off).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(gate.call().await.status, StatusCode::UNAUTHORIZED);
    // What gives rights does not eat the room for that.
    let on = json!({"enabled": true});
    let (status, _) = gate.patch("/api/v1/users/alice@google.example", on.clone()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);

    disk.make_room();
    let report = gate
        .says("everything is in the database", "/ready", |_, it| {
            it["writes_fail_for_seconds"].is_null() && it["waiting_audit_events"] == 0
        })
        .await;
    let (status, said) = gate.patch("/api/v1/users/alice@google.example", on).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let off = scene.audit(&["kind:user", "--outcome", "changed", "--actor", "ada@company.example"]);
    assert_eq!(off.iter().filter(|it| it["action"] == "change").count(), 2, "{off:?}");
    let denied = || scene.audit(&["--outcome", "denied"]).len();
    eventually("all denials are in the audit", async || (denied() == denials).then_some(())).await;
    // What is missing was counted.
    let lost = report["lost_audit_events"].as_u64().unwrap();
    let kept = scene.audit(&["--outcome", "answered"]).len() as u64;
    assert_eq!(kept + lost, calls, "{kept} kept, {lost} lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_come_back_by_themselves() {
    let scene = Scene::new(Kind::Sqlite, None).await;
    let gate = scene.serve(&[]).await;
    gate.is_well().await;
    gate.limit("1");
    let (status, said) = gate.patch("/api/v1/groups/group0", json!({"description": "new"})).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{said}");
    let ready = gate
        .says("the gate says that writing fails", "/ready", |_, it| {
            it["writes_fail_for_seconds"].is_u64()
        })
        .await;
    assert!(ready["status"] == "ready" && ready["well"] == false, "{ready}");
    assert_eq!(gate.call().await.status, StatusCode::OK, "calls go on");
    gate.says("what is lost is counted", "/ready", |_, it| it["lost_audit_events"] == 1).await;
    let doctor = scene.command(&["doctor", "--json", "--public-url", &gate.url]).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(!doctor.status.success() && said.contains("writing has failed for"), "{said}");

    gate.limit("unlimited");
    let body = json!({"description": "new"});
    eventually("changes are possible", async || {
        (gate.patch("/api/v1/groups/group0", body.clone()).await.0 == StatusCode::OK).then_some(())
    })
    .await;
    gate.says("writing works", "/ready", |_, it| it["writes_fail_for_seconds"].is_null()).await;
    gate.call().await;
    eventually("calls are in the audit", async || {
        (scene.audit(&["--outcome", "answered"]).len() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_stops_nothing() {
    let scene = Scene::new(Kind::Sqlite, None).await;
    let log = File::create(scene.database.folder.path().join("log")).unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let serving = Serving(scene.serving(&address, &[]).stderr(log).spawn().unwrap());
    eventually("the gate listens", async || tokio::net::TcpStream::connect(&address).await.ok())
        .await;
    let gate = scene.gate(serving, format!("http://{address}")).await;
    gate.is_well().await;
    gate.limit("1");
    for _ in 0..3 {
        let body = json!({"description": "new"});
        let (status, said) = gate.patch("/api/v1/groups/group0", body).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{said}");
    }
    assert_eq!(gate.call().await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_audit_no_call_when_it_is_sure() {
    let scene = Scene::new(Kind::Sqlite, None).await;
    let gate = scene.serve(&["--audit", "sure"]).await;
    assert_eq!(gate.call().await.status, StatusCode::OK);
    // Where the answer has begun, its end waits for the audit.
    let counting = json!({"name": "notes_count", "arguments": {}, "_meta": {"progressToken": "p"}});
    let streamed = gate.alice.rpc("/mcp", "tools/call", counting.clone()).await;
    assert_eq!(streamed.events().last().unwrap()["result"]["content"][0]["text"], "3");
    gate.limit("1");
    let streamed = gate.alice.rpc("/mcp", "tools/call", counting).await.events();
    let end = streamed.last().unwrap();
    assert!(streamed.len() > 1 && end["error"].to_string().contains("audit"), "{streamed:?}");
    // The database lies on the same disk, and was tried, too.
    gate.says("it is lost", "/ready", |_, it| it["lost_audit_events"] == 1).await;
    gate.limit("unlimited");
    gate.says("calls are made", "/ready", |status, _| status == StatusCode::OK).await;

    gate.limit("1");
    // The first finds out: what came of it is withheld.
    let withheld = gate.call().await;
    assert_eq!(withheld.status, StatusCode::SERVICE_UNAVAILABLE, "{withheld:?}");
    assert!(withheld.text.contains("audit"), "{withheld:?}");
    let before = scene._notes.seen().len();
    for refused in [
        gate.call().await,
        gate.denied().await,
        gate.alice.operate("/tools/notes_read_text", json!({"text": "a"})).await,
    ] {
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
        assert!(refused.text.contains("without it no call is made"), "{refused:?}");
        assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    }
    assert_eq!(scene._notes.seen().len(), before, "nothing was called");
    let (status, report) = gate.get("/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{report}");
    gate.says("they are counted", "/ready", |_, it| it["lost_audit_events"] == 5).await;

    gate.limit("unlimited");
    gate.says("calls are made again", "/ready", |status, _| status == StatusCode::OK).await;
    assert_eq!(gate.call().await.status, StatusCode::OK);
    eventually("they are in the audit", async || {
        (scene.audit(&["--outcome", "answered"]).len() == 3).then_some(())
    })
    .await;
}
