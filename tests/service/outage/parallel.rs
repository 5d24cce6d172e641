//! Many change things at the same moment, at several gates and beside them.

use std::{fs, process::Stdio};

use futures_util::future::{join, join_all};
use gatehall_test_support::Kind;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Gate, Scene};
use crate::{on_both, support::eventually};

on_both!(
    fifty_changes_at_once_all_succeed,
    of_many_who_saw_the_same_one_is_first_and_the_others_are_told,
    an_import_is_made_on_other_threads_than_calls,
);

async fn fifty_changes_at_once_all_succeed(kind: Kind) {
    let scene = Scene::new(kind, None).await;
    let (one, two) = (scene.serve(&[]).await, scene.serve(&[]).await);
    let mut commands: Vec<_> = (0..4)
        .map(|n| {
            let mut command = scene.command(&["group", "add", &format!("more{n}")]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let changes = (0..50).map(|n| {
        let gate = if n % 2 == 0 { &one } else { &two };
        async move {
            gate.patch(&format!("/api/v1/groups/group{n}"), json!({"description": "new"})).await
        }
    });
    let done = join_all(changes).await;
    let failed: Vec<_> = done.iter().filter(|(status, _)| *status != StatusCode::OK).collect();
    assert!(failed.is_empty(), "{} of 50 failed: {failed:?}", failed.len());
    for command in commands.drain(..) {
        let said = command.wait_with_output().unwrap();
        assert!(said.status.success(), "{said:?}");
    }
    // Each is a revision of its own, with its event, and none undid another.
    assert_eq!(scene.audit(&["kind:group", "--outcome", "changed"]).len(), 50 + 50 + 4);
    let groups: Vec<serde_json::Value> =
        serde_json::from_str(&scene.must(&["group", "list", "--json"])).unwrap();
    let new = groups.iter().filter(|it| it["description"] == "new").count();
    assert_eq!((groups.len(), new), (54, 50));
}

async fn of_many_who_saw_the_same_one_is_first_and_the_others_are_told(kind: Kind) {
    let scene = Scene::new(kind, None).await;
    let (one, two) = (scene.serve(&[]).await, scene.serve(&[]).await);
    let (_, group) = one.get("/api/v1/groups/group0").await;
    let seen = group["seen"].as_str().unwrap_or_else(|| panic!("{group}")).to_owned();
    let changes = (0..20).map(|n| {
        let gate = if n % 2 == 0 { &one } else { &two };
        let body = json!({"description": format!("by {n}"), "seen": seen});
        async move { gate.patch("/api/v1/groups/group0", body).await.0 }
    });
    let done = join_all(changes).await;
    let count = |status| done.iter().filter(|it| **it == status).count();
    assert_eq!((count(StatusCode::OK), count(StatusCode::CONFLICT)), (1, 19), "{done:?}");
}

async fn an_import_is_made_on_other_threads_than_calls(kind: Kind) {
    let scene = Scene::new(kind, None).await;
    let gate = scene.serve(&[]).await;
    let rows: String = (0..4_000).map(|n| format!("new{n}@company.example,group1\n")).collect();
    let file = json!({"text": format!("email,groups\n{rows}"), "file_name": "people.csv"});
    let (lanes, workbench) = (ticks(&gate, "lane"), ticks(&gate, "workbench"));
    let importing = gate.ask(Method::POST, "/api/v1/import", Some(file));
    let calling = async {
        eventually("the import is worked at", async || {
            (ticks(&gate, "workbench") > workbench).then_some(())
        })
        .await;
        for _ in 0..10 {
            assert_eq!(gate.call().await.status, StatusCode::OK);
        }
    };
    let ((status, answer), ()) = join(importing, calling).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    // The lanes have read it, and carried the calls.
    let (lanes, workbench) = (ticks(&gate, "lane") - lanes, ticks(&gate, "workbench") - workbench);
    assert!(workbench > 4 * lanes, "lanes {lanes}, workbench {workbench}");
}

/// Processor time, in ticks, of the threads of a gate whose names begin so.
fn ticks(gate: &Gate, name: &str) -> u64 {
    let threads = fs::read_dir(format!("/proc/{}/task", gate.serving.0.id())).unwrap();
    let of_thread = |stat: String| -> Option<u64> {
        let (own, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let mut fields = rest.split_whitespace().skip(11);
        let (user, system) = (fields.next()?, fields.next()?);
        own.starts_with(name)
            .then(|| Some(user.parse::<u64>().ok()? + system.parse::<u64>().ok()?))?
    };
    // One that ends meanwhile has no file any more.
    let stats = threads.filter_map(|it| fs::read_to_string(it.ok()?.path().join("stat")).ok());
    stats.filter_map(of_thread).sum()
}
