//! The three tables of older scripts.

use gatehall_domain::{Effect, Subject, Target};
use gatehall_store::{Actor, EventFilter, Store};
use gatehall_test_support::{Database, Kind, psql};
use tokio::process::Command;

use crate::{
    on_both,
    sample::{additions, at, tenant},
    store,
};

on_both!(
    a_script_puts_users_in_groups_and_takes_them_out,
    a_script_maps_groups_to_tenants,
    a_script_makes_administrators,
    a_script_that_writes_nonsense_is_told_so,
);

/// Runs SQL as a script would: past the program.
pub(crate) async fn run(database: &Database, sql: &'static str) -> Result<(), String> {
    if let Some(path) = database.url.strip_prefix("sqlite:") {
        // A script's own SQLite is often older than the one in here.
        let script =
            "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as it: it.execute(sys.argv[2])";
        let done = Command::new("python3").args(["-c", script, path, sql]).output().await.unwrap();
        return match done.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
        };
    }
    let sql = format!("set search_path to gatehall; {sql}");
    let url = database.url.clone();
    let done = tokio::task::spawn_blocking(move || std::panic::catch_unwind(|| psql(&url, &sql)));
    done.await
        .unwrap()
        .map(drop)
        .map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

async fn groups_of(store: &Store, email: &str) -> Vec<String> {
    let snapshot = store.load().await.unwrap();
    let user = snapshot.company().user_by_email(&email.parse().unwrap()).map(|user| user.id);
    let groups = user.into_iter().flat_map(|user| snapshot.groups(user).to_vec());
    groups.map(|group| snapshot.company().group_label(group)).collect()
}

async fn a_script_puts_users_in_groups_and_takes_them_out(kind: Kind) {
    let (store, database) = store(kind).await;
    let add = "insert into user_group_membership (user_email, group_name) values ('Alice@Google.example', 'Tenant-Google')";
    run(&database, add).await.unwrap();
    run(&database, add).await.unwrap();
    assert_eq!(groups_of(&store, "alice@google.example").await, ["Tenant-Google"]);
    let revision = store.revision().await.unwrap();
    assert!(revision > 0, "gateways have to see it");
    run(&database, "update user_group_membership set group_name = 'Other' where user_email = 'alice@google.example'")
        .await
        .unwrap();
    assert_eq!(groups_of(&store, "alice@google.example").await, ["Other"]);
    run(&database, "delete from user_group_membership where user_email = 'alice@google.example'")
        .await
        .unwrap();
    assert!(groups_of(&store, "alice@google.example").await.is_empty());
    assert!(store.revision().await.unwrap() > revision);
    let filter = EventFilter { actor: Some("sql".into()), limit: 100, ..EventFilter::default() };
    let events = store.events(&filter).await.unwrap();
    assert!(events.iter().any(|event| event.kind == "membership" && event.action == "remove"));
}

async fn a_script_maps_groups_to_tenants(kind: Kind) {
    let (store, database) = store(kind).await;
    let empty = store.load().await.unwrap();
    let google = additions(vec![tenant("google").into(), tenant("microsoft").into()]);
    store.apply(&empty, &google, &Actor::command_line(), at(1)).await.unwrap();
    let add = "insert into group_tenant_mapping (group_name, tenant_id) values ('g', 'google')";
    run(&database, add).await.unwrap();
    run(&database, add).await.unwrap();
    let grants = || async {
        let company = store.load().await.unwrap().company().clone();
        let grants: Vec<_> = company.grants.values().cloned().collect();
        grants
    };
    let [grant] = &grants().await[..] else { panic!("one grant") };
    assert!(matches!(grant.subject, Subject::Group(_)) && grant.effect == Effect::Allow);
    assert_eq!(grant.target, Target::Tenant("google".parse().unwrap()));
    run(&database, "update group_tenant_mapping set tenant_id = 'microsoft'").await.unwrap();
    assert_eq!(grants().await[0].target, Target::Tenant("microsoft".parse().unwrap()));
    run(&database, "delete from group_tenant_mapping where group_name = 'g'").await.unwrap();
    assert!(grants().await.is_empty());
}

async fn a_script_makes_administrators(kind: Kind) {
    let (store, database) = store(kind).await;
    let is_admin = || async {
        let snapshot = store.load().await.unwrap();
        snapshot.company().user_by_email(&"ada@x.example".parse().unwrap()).unwrap().admin
    };
    run(
        &database,
        "insert into user_admin_status (user_email, is_admin) values ('ada@x.example', true)",
    )
    .await
    .unwrap();
    assert!(is_admin().await);
    // Somebody has to stay one.
    run(
        &database,
        "insert into user_admin_status (user_email, is_admin) values ('bob@x.example', true)",
    )
    .await
    .unwrap();
    run(
        &database,
        "update user_admin_status set is_admin = false where user_email = 'ada@x.example'",
    )
    .await
    .unwrap();
    assert!(!is_admin().await);
    run(&database, "update user_admin_status set is_admin = true").await.unwrap();
    run(&database, "delete from user_admin_status where user_email = 'ada@x.example'")
        .await
        .unwrap();
    assert!(!is_admin().await);
}

async fn a_script_that_writes_nonsense_is_told_so(kind: Kind) {
    let (store, database) = store(kind).await;
    for (sql, says) in [
        (
            "insert into user_group_membership (user_email, group_name) values ('a@b@c', 'g')",
            "user_email",
        ),
        (
            "insert into user_group_membership (user_email, group_name) values ('', 'g')",
            "user_email",
        ),
        (
            "insert into user_group_membership (user_email, group_name) values ('a b@c.d', 'g')",
            "user_email",
        ),
        (
            "insert into user_group_membership (user_email, group_name) values ('\u{e4}@c.d', 'g')",
            "user_email",
        ),
        (
            "insert into user_group_membership (user_email, group_name) values ('a@c.d', 'Sales,MCP-Admin')",
            "group_name",
        ),
        (
            "insert into user_group_membership (user_email, group_name) values ('a@c.d', ' g')",
            "group_name",
        ),
        (
            "insert into group_tenant_mapping (group_name, tenant_id) values ('g', 'nowhere')",
            "tenant_id",
        ),
        (
            "insert into user_admin_status (user_email, is_admin) values ('nobody', true)",
            "user_email",
        ),
    ] {
        let said = run(&database, sql).await.unwrap_err();
        assert!(said.contains(says), "{sql}: {said}");
    }
    assert_eq!(store.revision().await.unwrap(), 0, "nothing of it was kept");
    store.load().await.unwrap();
}
