//! What a revision touched, and whether something newer touched it, too.

use gatehall_domain::*;
use gatehall_store::{Actor, Store, StoreError};
use gatehall_test_support::Kind;

use crate::{
    on_both,
    sample::{additions, at, every_kind, group, tenant, user},
    script::Script,
    store,
};

on_both!(every_kind_of_record_is_known_again, what_scripts_did_is_not_undone);

async fn apply(store: &Store, changes: &[Change]) -> u64 {
    let base = store.load().await.unwrap();
    let applied = store.apply(&base, changes, &Actor::command_line(), at(1)).await.unwrap();
    applied.snapshot.revision()
}

/// The later revision that touched the same.
async fn newer(store: &Store, revision: u64) -> Option<u64> {
    match store.untouched_since(revision).await {
        Ok(()) => None,
        Err(StoreError::Refused(Refusal::Touched { newer, .. })) => Some(newer),
        Err(other) => panic!("{other}"),
    }
}

async fn every_kind_of_record_is_known_again(kind: Kind) {
    let (store, _database) = store(kind).await;
    let records = every_kind();
    // One revision each, there and back.
    let mut added = Vec::new();
    for record in &records {
        added.push(apply(&store, &[Change::Add(record.clone())]).await);
    }
    for revision in &added {
        assert_eq!(newer(&store, *revision).await, None, "{revision}");
    }
    for (record, added) in records.iter().zip(&added).rev() {
        let removed = apply(&store, &[Change::Remove(record.clone())]).await;
        assert_eq!(newer(&store, *added).await, Some(removed), "{record:?}");
        assert_eq!(newer(&store, removed).await, None, "{record:?}");
    }
}

async fn what_scripts_did_is_not_undone(kind: Kind) {
    let (store, database) = store(kind).await;
    let (alice, engineers) = (user("alice@google.example"), group("Engineers"));
    let root = User { admin: true, ..user("root@google.example") };
    let membership = Membership {
        user: alice.id,
        group: engineers.id,
        source: Source::Local,
        created_at: at(1),
    };
    let grant = Grant {
        id: GrantId(uuid::Uuid::now_v7()),
        subject: Subject::Group(engineers.id),
        target: Target::Tenant("google".parse().unwrap()),
        tools: None,
        effect: Effect::Allow,
        created_at: at(1),
    };
    apply(&store, &additions(vec![tenant("google").into(), root.into()])).await;
    let one = apply(&store, &additions(vec![alice.clone().into()])).await;
    apply(&store, &additions(vec![engineers.clone().into()])).await;
    let two = apply(&store, &additions(vec![membership.into()])).await;
    let three = apply(&store, &additions(vec![grant.into()])).await;
    let mut script = Script::new(&database).await;
    // Others of the same kinds.
    script
        .must("insert into user_group_membership (user_email, group_name) values ('b@google.example', 'Others')")
        .await;
    script
        .must(
            "insert into group_tenant_mapping (group_name, tenant_id) values ('Others', 'google')",
        )
        .await;
    for revision in [one, two, three] {
        assert_eq!(newer(&store, revision).await, None, "{revision}");
    }
    script
        .must("update user_admin_status set is_admin = true where user_email = 'alice@google.example'")
        .await;
    assert_eq!(newer(&store, one).await, Some(store.revision().await.unwrap()));
    script.must("delete from group_tenant_mapping where group_name = 'Engineers'").await;
    assert_eq!(newer(&store, three).await, Some(store.revision().await.unwrap()));
    // Under another name, too.
    let before = User { admin: true, ..alice };
    let after = User { email: "alix@google.example".parse().unwrap(), ..before.clone() };
    apply(&store, &[Change::Replace { before: before.into(), after: after.into() }]).await;
    assert_eq!(newer(&store, two).await, None);
    script.must("delete from user_group_membership where user_email = 'alix@google.example'").await;
    assert_eq!(newer(&store, two).await, Some(store.revision().await.unwrap()));
    script.close().await;
}
