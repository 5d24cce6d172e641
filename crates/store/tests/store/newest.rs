//! Whoever follows changes one by one knows the company as whoever loads it.

use std::sync::Arc;

use gatehall_domain::*;
use gatehall_store::{Actor, Store};
use gatehall_test_support::Kind;

use crate::{
    on_both,
    sample::{additions, at, every_kind, group, user},
    script::Script,
    store,
};

on_both!(
    changes_are_followed,
    what_a_script_did_is_followed_too,
    a_database_that_went_back_is_read_anew,
);

/// All tables of two companies are the same.
fn assert_same(followed: &Snapshot, loaded: &Snapshot) {
    assert_eq!(followed.revision(), loaded.revision());
    macro_rules! assert_tables {
        ($($table:ident),*) => {
            $(assert_eq!(followed.company().$table, loaded.company().$table);)*
        };
    }
    assert_tables!(users, identities, groups, memberships, tenants, tenant_admins, servers);
    assert_tables!(connections, credentials, grants, keys, providers, claim_mappings, host_rules);
}

async fn change(store: &Store, changes: &[Change]) {
    let base = store.load().await.unwrap();
    store.apply(&base, changes, &Actor::command_line(), at(9)).await.unwrap();
}

async fn changes_are_followed(kind: Kind) {
    let (store, database) = store(kind).await;
    let other = Store::open(&database.url).await.unwrap();
    let mut known = Arc::new(other.load().await.unwrap());
    let everything = additions(every_kind());
    let take_back: Vec<Change> =
        everything.clone().into_iter().rev().map(Change::inverse).collect();
    let newcomer = additions(vec![user("zoe@google.example").into(), group("late").into()]);
    // People come and go beside connections that stay what they are: nothing was loaded.
    for (changes, goes_on) in [(&everything, false), (&newcomer, true), (&take_back, false)] {
        change(&store, changes).await;
        let next = other.newest(&known).await.unwrap();
        assert_same(&next, &store.load().await.unwrap());
        assert_eq!(next.continues(&known), goes_on);
        known = next;
    }
    // Several at once, and none.
    let first = Arc::clone(&known);
    change(&store, &everything).await;
    change(&store, &take_back).await;
    let last = other.newest(&first).await.unwrap();
    assert_same(&last, &store.load().await.unwrap());
    assert!(Arc::ptr_eq(&other.newest(&last).await.unwrap(), &last));
}

/// Also between changes of which the audit tells.
async fn what_a_script_did_is_followed_too(kind: Kind) {
    let (store, database) = store(kind).await;
    let known = Arc::new(store.load().await.unwrap());
    change(&store, &additions(vec![user("alice@google.example").into()])).await;
    let mut script = Script::new(&database).await;
    script.must("update users set name = 'By hand'").await;
    script.must("update revision set number = number + 1").await;
    change(&store, &additions(vec![group("late").into()])).await;
    let followed = store.newest(&known).await.unwrap();
    assert_same(&followed, &store.load().await.unwrap());
    let (_, alice) = followed.company().users.iter().next().unwrap();
    assert_eq!(alice.name, "By hand");
}

/// As after a restore: what is known was undone there, and the same numbers mean other changes.
async fn a_database_that_went_back_is_read_anew(kind: Kind) {
    let (store, database) = store(kind).await;
    change(&store, &additions(vec![user("alice@google.example").into()])).await;
    change(&store, &additions(vec![user("gone@google.example").into()])).await;
    let known = Arc::new(store.load().await.unwrap());
    let mut script = Script::new(&database).await;
    script.must("delete from users where email like 'gone%'").await;
    script.must("delete from audit_events where revision > 1").await;
    script.must("update revision set number = 1").await;
    let other = Store::open(&database.url).await.unwrap();
    // As many as were undone, and one more.
    for (name, revision) in [("b", 2), ("c", 3)] {
        change(&other, &additions(vec![user(&format!("{name}@google.example")).into()])).await;
        let followed = store.newest(&known).await.unwrap();
        assert_eq!(followed.revision(), revision);
        assert_same(&followed, &other.load().await.unwrap());
        let turn = store.turn().await.unwrap();
        assert_same(&turn.newest(&known).await.unwrap(), &followed);
        turn.end().await;
    }
}
