//! Many change things at the same moment, at several gates and beside them.

use std::process::Stdio;

use futures_util::future::join_all;
use gatehall_test_support::Kind;
use reqwest::StatusCode;
use serde_json::json;

use super::Scene;
use crate::on_both;

on_both!(
    fifty_changes_at_once_all_succeed,
    of_many_who_saw_the_same_one_is_first_and_the_others_are_told,
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
