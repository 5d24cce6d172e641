//! `gatehall healthcheck`, by which containers and supervisors know whether the gate serves.

use std::process::Command;

use super::{Home, Said, Serving};
use crate::support::{Recorder, eventually, free_port};

/// What the check says with these variables, settings file or flags.
fn check(home: &Home, listen: &str, arguments: &[&str]) -> Said {
    let mut command = home.command(&[&["healthcheck"], arguments].concat());
    if !listen.is_empty() {
        command.env("GATEHALL_LISTEN", listen);
    }
    Said::of(command.output().unwrap())
}

/// Exactly one line, and that exit code.
fn says(said: &Said, code: i32, part: &str) {
    assert_eq!(said.code, Some(code), "{said:?}");
    let all = format!("{}{}", said.out, said.err);
    assert!(all.trim().lines().count() == 1 && all.contains(part), "{part}: {said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_knows_whether_its_gate_serves() {
    let home = Home::new();
    // As in a container: every address, and hosts of which none is this machine.
    let listen = format!("0.0.0.0:{}", free_port());
    says(&check(&home, &listen, &[]), 1, "no gate can be reached at 127.0.0.1:");

    let mut command = home.command(&["serve", "--listen", &listen]);
    command.env("GATEHALL_ALLOWED_HOSTS", "gate.company.example");
    let (mut serving, _) = Serving::start(command);
    eventually("the check finds the gate", async || {
        (check(&home, &listen, &[]).code == Some(0)).then_some(())
    })
    .await;
    says(&check(&home, &listen, &[]), 0, "is ready");
    // The same by the flag and by the settings file; the flag wins.
    let file = home.file("settings.toml", &format!("listen = \"{listen}\"\n"));
    says(&check(&home, "", &["--config", &file]), 0, "is ready");
    says(&check(&home, "127.0.0.1:9", &["--listen", &listen]), 0, "is ready");

    // A gate that hangs is not waited for.
    let signal = |name: &str| {
        let id = serving.0.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    };
    signal("-STOP");
    says(&check(&home, &listen, &["--timeout-seconds", "1"]), 1, "has not answered for 1 s");
    signal("-CONT");
    says(&check(&home, &listen, &[]), 0, "is ready");

    serving.terminate();
    serving.end();
    says(&check(&home, &listen, &[]), 1, "no gate can be reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_gate_is_not_taken_for_one() {
    let home = Home::new();
    let other = Recorder::start().await;
    says(&check(&home, &other.address.to_string(), &[]), 1, "is no gate: it answers 404");
    says(&check(&home, "127.0.0.1:0", &[]), 1, "GATEHALL_LISTEN");
}
