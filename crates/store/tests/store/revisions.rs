//! Changes, revisions, and how others learn of them.

use std::{sync::Arc, time::Duration};

use gatehall_domain::*;
use gatehall_store::{Actor, EventFilter, EventRow, Store, StoreError};
use gatehall_test_support::Kind;

use crate::{
    on_both,
    sample::{additions, at, every_kind, group, user},
    store,
};

on_both!(
    every_kind_of_record_comes_back_as_it_was,
    a_change_and_its_inverse_leave_no_trace,
    a_refused_change_leaves_nothing_half_done,
    of_two_writers_one_has_to_look_again,
    another_program_hears_of_a_change,
    the_audit_names_what_was_done,
    the_last_use_of_a_key_is_kept,
);

async fn every_kind_of_record_comes_back_as_it_was(kind: Kind) {
    let (store, _database) = store(kind).await;
    let empty = store.load().await.unwrap();
    let records = every_kind();
    let applied = store
        .apply(&empty, &additions(records.clone()), &Actor::command_line(), at(1))
        .await
        .unwrap();
    assert_eq!((applied.snapshot.revision(), store.revision().await.unwrap()), (1, 1));
    let loaded = store.load().await.unwrap();
    for record in &records {
        assert_eq!(loaded.company().current(record).as_ref(), Some(record));
        assert_eq!(applied.snapshot.company().current(record).as_ref(), Some(record));
    }
}

async fn a_change_and_its_inverse_leave_no_trace(kind: Kind) {
    let (store, _database) = store(kind).await;
    let actor = Actor::command_line();
    let mut changes = additions(every_kind());
    let empty = store.load().await.unwrap();
    store.apply(&empty, &changes, &actor, at(1)).await.unwrap();
    let full = store.load().await.unwrap();
    assert_eq!(store.changes_of(1).await.unwrap().as_ref(), Some(&changes), "kept for undo");
    assert_eq!(store.changes_of(2).await.unwrap(), None);
    changes.reverse();
    let inverse: Vec<Change> = changes.into_iter().map(Change::inverse).collect();
    store.apply(&full, &inverse, &actor, at(2)).await.unwrap();
    let company = store.load().await.unwrap().company().clone();
    assert!(company.users.is_empty() && company.grants.is_empty() && company.keys.is_empty());
    assert!(company.tenants.is_empty() && company.servers.is_empty() && company.groups.is_empty());
}

async fn a_refused_change_leaves_nothing_half_done(kind: Kind) {
    let (store, _database) = store(kind).await;
    let empty = store.load().await.unwrap();
    let alice = user("alice@google.example");
    let stranger = Membership {
        user: alice.id,
        group: group("nowhere").id,
        source: Source::Local,
        created_at: at(0),
    };
    let changes = additions(vec![alice.into(), stranger.into()]);
    let error = store.apply(&empty, &changes, &Actor::command_line(), at(1)).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Refused(Refusal::Missing { kind: "group", .. })),
        "{error}"
    );
    assert_eq!(store.revision().await.unwrap(), 0);
    assert!(store.load().await.unwrap().company().users.is_empty());
}

async fn of_two_writers_one_has_to_look_again(kind: Kind) {
    let (store, database) = store(kind).await;
    let other = Store::open(&database.url).await.unwrap();
    let empty = Arc::new(store.load().await.unwrap());
    let write = |store: Store, email: &'static str| {
        let empty = Arc::clone(&empty);
        tokio::spawn(async move {
            let changes = additions(vec![user(email).into()]);
            store
                .apply(&empty, &changes, &Actor::command_line(), at(1))
                .await
                .map(|applied| applied.snapshot.revision())
        })
    };
    let (one, two) = (write(store.clone(), "a@x.example"), write(other, "b@x.example"));
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    let moved = |it: &Result<u64, StoreError>| matches!(it, Err(StoreError::Moved));
    assert!(one.is_ok() && moved(&two) || moved(&one) && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(store.load().await.unwrap().company().users.len(), 1);
}

async fn another_program_hears_of_a_change(kind: Kind) {
    let (store, database) = store(kind).await;
    let other = Store::open(&database.url).await.unwrap();
    let mut feed = other.feed();
    let hearing = tokio::spawn(async move {
        loop {
            feed.woken().await.unwrap();
            if other.revision().await.unwrap() == 1 {
                break;
            }
        }
    });
    let empty = store.load().await.unwrap();
    store
        .apply(&empty, &additions(vec![user("a@x.example").into()]), &Actor::gate(), at(1))
        .await
        .unwrap();
    tokio::time::timeout(Duration::from_secs(20), hearing).await.unwrap().unwrap();
}

async fn the_audit_names_what_was_done(kind: Kind) {
    let (store, _database) = store(kind).await;
    let empty = store.load().await.unwrap();
    store.apply(&empty, &additions(every_kind()), &Actor::command_line(), at(50)).await.unwrap();
    let snapshot = Arc::new(store.load().await.unwrap());
    let alice =
        snapshot.company().user_by_email(&"alice@google.example".parse().unwrap()).unwrap().id;
    let connection = snapshot.sites().next().unwrap().connection.id;
    let call = |n: u64, outcome| {
        EventRow::from(CallEvent {
            at: at(100),
            snapshot: Arc::clone(&snapshot),
            caller: Caller { user: Some(alice), door: Door::PersonalKey, key: None, tenant: None },
            face: "mcp",
            connection: Some(connection),
            tool: format!("google_files_{n}").into(),
            outcome,
            duration_micros: 5,
            bytes_in: 1,
            bytes_out: 2,
            request_id: n,
        })
    };
    // More than one statement's worth, and of every size.
    let calls: Vec<EventRow> =
        (0..303).map(|n| call(n, Outcome::Answered(Because::Public))).collect();
    store.record_events(&calls).await.unwrap();
    // Once more, as from a journal: each is there once.
    store.record_events(&calls).await.unwrap();
    store.record_events(&[call(1000, Outcome::Denied(Denial::NotGranted))]).await.unwrap();

    let filter = |outcome: Option<&str>| EventFilter {
        outcome: outcome.map(Into::into),
        limit: 1000,
        ..EventFilter::default()
    };
    let events = store.events(&filter(None)).await.unwrap();
    assert_eq!(events.len(), every_kind().len() + 304);
    // Calls are counted by the minute.
    let usage = store.usage(at(0), None).await.unwrap();
    assert!(usage.iter().map(|it| it.calls).sum::<u64>() >= 304 && usage[0].denied == 1);
    let denied = store.events(&filter(Some("denied"))).await.unwrap();
    assert_eq!((denied.len(), denied[0].reason.as_deref()), (1, Some("no grant allows it")));
    assert_eq!(denied[0].actor, "alice@google.example");
    let changed = store.events(&filter(Some("changed"))).await.unwrap();
    let grant = changed
        .iter()
        .find(|event| event.kind == "grant" && event.subject.contains("read_*"))
        .unwrap();
    assert_eq!(
        grant.subject,
        "user alice@google.example may not use read_* of connection google/files"
    );
}

async fn the_last_use_of_a_key_is_kept(kind: Kind) {
    let (store, _database) = store(kind).await;
    let key: KeyId = "abcdef0123456789".parse().unwrap();
    for seconds in [5, 9, 7] {
        store.record_key_uses(&[(key.clone(), at(seconds))].into()).await.unwrap();
    }
    assert_eq!(store.key_uses().await.unwrap()[&key], at(9));
    assert_eq!(store.revision().await.unwrap(), 0, "a use is no change of the company");
}
