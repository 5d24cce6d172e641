//! Undo brings back nothing that others changed or removed since.

use gatehall_control::DeskError;
use gatehall_domain::Refusal;
use gatehall_store::StoreError;
use gatehall_test_support::Kind;
use reqwest::{Method, StatusCode};

use super::{ADA, ALICE, MIKE, Visitor, company};
use crate::{on_both, support::World};

on_both!(
    a_deletion_is_not_undone_over_what_others_did,
    what_others_do_while_an_undo_is_prepared_stays,
);

type Step<'a> = (&'a str, &'a [(&'a str, &'a str)]);

async fn undo(visitor: &Visitor, revision: u64) -> u64 {
    visitor.post("/undo", &[("revision", &revision.to_string())]).await.revision()
}

/// The revision that a refusal names.
fn newer<T>(done: Result<T, DeskError>) -> u64 {
    match done {
        Err(
            DeskError::Refused(Refusal::Touched { newer, .. })
            | DeskError::Store(StoreError::Refused(Refusal::Touched { newer, .. })),
        ) => newer,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was undone"),
    }
}

async fn records(world: &World) -> Vec<String> {
    let snapshot = world.desk.snapshot().await.unwrap();
    let company = snapshot.company();
    let mut texts: Vec<String> = company.servers.values().map(|it| format!("{it:?}")).collect();
    texts.extend(company.users.values().map(|it| format!("{it:?}")));
    texts.extend(company.keys.values().map(|it| format!("{it:?}")));
    texts.extend(company.credentials.values().map(|it| format!("{it:?}")));
    texts.sort();
    texts
}

async fn a_deletion_is_not_undone_over_what_others_did(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let made = ada.send(Method::POST, "/api/v1/keys", &[("user", MIKE)]).await.json();
    let key = made["id"].as_str().unwrap();
    let place = ("placement", "environment:KEY");
    let credentials = "/connections/google/time/credentials";
    ada.post(credentials, &[place, ("secret", "first")]).await.revision();

    let credential: Step<'_> = ("/connections/google/time/credentials/remove", &[place]);
    let cases: [(Step<'_>, Step<'_>); 4] = [
        (credential, (credentials, &[place, ("secret", "second")])),
        (
            ("/servers/time/remove", &[("cascade", "true")]),
            ("/servers/time", &[("description", "another")]),
        ),
        (
            ("/users/alice@google.example/remove", &[("cascade", "true")]),
            ("/users/alice@google.example", &[("enabled", "false")]),
        ),
        (
            ("/users/mike@microsoft.example/remove", &[("cascade", "true")]),
            (&format!("/keys/{key}/remove"), &[("confirm", key)]),
        ),
    ];
    for (remove, change) in cases {
        let gone = ada.post(remove.0, remove.1).await.revision();
        let back = undo(&ada, gone).await;
        ada.post(change.0, change.1).await.revision();
        let gone_again = ada.post(remove.0, remove.1).await.revision();

        let before = records(&world).await;
        let wish = [("revision", &*gone.to_string())];
        let refused = ada.post("/undo", &wish).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{remove:?}: {}", refused.text);
        let named = refused.text.contains(&format!("evision {back} touched"));
        assert!(named, "{remove:?}: {}", refused.text);
        // At the command line, too.
        assert_eq!(newer(world.desk.undo(gone).await), back, "{remove:?}");
        assert_eq!(newer(world.desk.undo(back).await), gone_again - 1, "{remove:?}");
        assert_eq!(records(&world).await, before);

        // The newest is undone as ever, and so is its undo.
        let newest = undo(&ada, gone_again).await;
        assert_ne!(records(&world).await, before);
        undo(&ada, newest).await;
        assert_eq!(records(&world).await, before);
        assert_eq!(newer(world.desk.undo(gone_again).await), newest, "{remove:?}");
    }
}

async fn what_others_do_while_an_undo_is_prepared_stays(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let path = format!("/users/{ALICE}/remove");
    let remove = async || ada.post(&path, &[("cascade", "true")]).await.revision();
    let gone = remove().await;
    let inverse = world.desk.inverse(gone).await.unwrap();
    let back = undo(&ada, gone).await;
    remove().await;
    let snapshot = world.desk.snapshot().await.unwrap().into();
    let may = |_: &_, _: &[_]| Ok::<_, DeskError>(());
    assert_eq!(newer(world.desk.undo_from(snapshot, &inverse, may).await), back);
    // What touches something else is in nobody's way.
    let gone = ada.post("/users/mike@microsoft.example/remove", &[("cascade", "true")]).await;
    let inverse = world.desk.inverse(gone.revision()).await.unwrap();
    ada.post("/groups/google-people", &[("description", "another")]).await.revision();
    let snapshot = world.desk.snapshot().await.unwrap().into();
    assert!(world.desk.undo_from(snapshot, &inverse, may).await.unwrap().is_some());
}
