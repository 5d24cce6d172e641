//! Rows that change nothing, columns that cannot be changed, and the last administrator.

use gatehall_domain::{Group, GroupName, Membership, Source, User};
use gatehall_store::{Actor, EventFilter, Store};
use gatehall_test_support::{Database, Kind};

use crate::script::Script;
use crate::{
    on_both,
    sample::{additions, at, group, tenant, user},
    store,
};

on_both!(
    what_changes_nothing_makes_no_revision,
    a_column_that_cannot_be_changed_says_so,
    the_last_administrator_stays,
    who_cannot_be_read_is_no_administrator,
    what_a_provider_claims_is_taken_away_there,
    values_of_other_types_are_refused,
    the_audit_says_who_changed_what,
);

async fn beginning(kind: Kind) -> (Store, Database, Script) {
    let (store, database) = store(kind).await;
    let empty = store.load().await.unwrap();
    let (alice, engineers) = (user("alice@google.example"), group("Engineers"));
    let records = vec![
        tenant("google").into(),
        tenant("microsoft").into(),
        Membership {
            user: alice.id,
            group: engineers.id,
            source: Source::Local,
            created_at: at(5),
        }
        .into(),
        User { admin: true, ..alice }.into(),
        engineers.into(),
    ];
    let mut records: Vec<gatehall_domain::Record> = records;
    let membership = records.remove(2);
    records.push(membership);
    store.apply(&empty, &additions(records), &Actor::command_line(), at(1)).await.unwrap();
    let mut script = Script::new(&database).await;
    script
        .must("insert into group_tenant_mapping (group_name, tenant_id) values ('Engineers', 'google')")
        .await;
    (store, database, script)
}

async fn what_changes_nothing_makes_no_revision(kind: Kind) {
    let (store, database, mut script) = beginning(kind).await;
    let before = store.load().await.unwrap();
    let skip = match kind {
        Kind::Sqlite => ("or ignore", ""),
        Kind::Postgres => ("", "on conflict do nothing"),
    };
    let rows = [
        (
            "user_group_membership (user_email, group_name)",
            "(' ALICE@google.example', 'ENGINEERS')",
        ),
        ("group_tenant_mapping (group_name, tenant_id)", "('engineers', 'google')"),
        ("user_admin_status (user_email, is_admin)", "('Alice@google.example', true)"),
    ];
    for (columns, values) in rows {
        script.must(&format!("insert into {columns} values {values}")).await;
        let (before, behind) = skip;
        script.must(&format!("insert {before} into {columns} values {values} {behind}")).await;
        if kind == Kind::Sqlite {
            script.must(&format!("insert or replace into {columns} values {values}")).await;
        }
    }
    for sql in [
        "update user_group_membership set group_name = group_name, created_at = created_at",
        "update user_group_membership set group_name = 'ENGINEERS', user_email = 'ALICE@google.example'",
        "update group_tenant_mapping set group_name = 'engineers', tenant_id = tenant_id",
        "update user_admin_status set is_admin = true, user_email = 'Alice@Google.Example'",
        "update user_admin_status set created_at = created_at",
        "delete from user_group_membership where group_name = 'nowhere'",
        "delete from user_admin_status where is_admin = false",
    ] {
        script.must(sql).await;
    }
    let after = store.load().await.unwrap();
    assert_eq!(after.revision(), before.revision());
    assert_eq!(after.company().memberships, before.company().memberships);
    assert_eq!(after.company().users, before.company().users);
    assert_eq!(after.company().grants, before.company().grants);
    // What does change something is told.
    script.must("insert into user_admin_status (user_email) values ('new@x.example')").await;
    assert_eq!(store.revision().await.unwrap(), before.revision() + 1);
    // On PostgreSQL these forms do not name the columns, on SQLite they are of another kind.
    let upsert = "insert into user_group_membership (user_email, group_name)
                  values ('alice@google.example', 'Engineers')
                  on conflict (user_email, group_name) do nothing";
    assert!(script.run(upsert, &[]).await.is_err(), "the page says that this is not possible");
    drop(database);
}

async fn a_column_that_cannot_be_changed_says_so(kind: Kind) {
    let (store, _database, mut script) = beginning(kind).await;
    let before = store.load().await.unwrap();
    let later = match kind {
        Kind::Sqlite => "'2020-01-01 00:00:00.000'",
        Kind::Postgres => "timestamp '2020-01-01'",
    };
    script.refused("update user_admin_status set user_email = 'eve@x.example'", "user_email").await;
    script.refused("update user_admin_status set user_email = null", "user_email").await;
    for view in ["user_group_membership", "group_tenant_mapping", "user_admin_status"] {
        for value in [later, "null"] {
            let sql = format!("update {view} set created_at = {value}");
            script.refused(&sql, "created_at cannot be changed").await;
        }
    }
    let after = store.load().await.unwrap();
    assert_eq!(after.revision(), before.revision());
    assert_eq!(after.company().users, before.company().users);
    // Whom a membership means can be changed: it is another one then.
    script.must("update user_group_membership set user_email = 'Bob@x.example'").await;
    let moved = store.load().await.unwrap();
    let bob = moved.company().user_by_email(&"bob@x.example".parse().unwrap()).unwrap().id;
    assert!(moved.company().memberships.keys().all(|(user, ..)| *user == bob));
}

async fn who_cannot_be_read_is_no_administrator(kind: Kind) {
    let (store, _database, mut script) = beginning(kind).await;
    // SQLite keeps values of any type in most columns.
    let (id, own) = match kind {
        Kind::Sqlite => (
            "randomblob(16)",
            &[
                "randomblob(16), 'bytes@x.example', true, true, x'ff', 1",
                "randomblob(16), 'then@x.example', true, true, '', 'then'",
                "x'01', 'short@x.example', true, true, '', 1",
                "null, 'none@x.example', true, true, '', 1",
            ][..],
        ),
        Kind::Postgres => ("gen_random_uuid()", &[][..]),
    };
    let addresses = ["'a b@x.example'", "'a@b@x.example'", "' bob@x.example'", "'a,b@x.example'"];
    let rows = addresses.iter().map(|email| format!("{id}, {email}, true, true, '', 1"));
    let rows = rows.chain(own.iter().map(|row| (*row).to_owned()));
    for row in rows {
        script
            .must(&format!(
                "insert into users (id, email, admin, enabled, name, created_at) values ({row})"
            ))
            .await;
    }
    let removed = "update user_admin_status set is_admin = false
        where user_email = 'alice@google.example'";
    script.refused(removed, "last administrator").await;
    assert!(store.load().await.unwrap().company().has_admin());
}

async fn the_last_administrator_stays(kind: Kind) {
    let (store, _database, mut script) = beginning(kind).await;
    let says = "last administrator";
    for sql in [
        "update user_admin_status set is_admin = false",
        "update user_admin_status set is_admin = null where user_email = 'alice@google.example'",
        "delete from user_admin_status where user_email = 'alice@google.example'",
        "delete from user_admin_status",
        "insert into user_admin_status (user_email, is_admin) values ('ALICE@google.example', false)",
    ] {
        script.refused(sql, says).await;
    }
    assert!(store.load().await.unwrap().company().has_admin());
    // By the group, too.
    let group = GroupName::ADMIN.to_lowercase();
    script
        .must(&format!(
            "insert into user_group_membership (user_email, group_name) values ('bob@x.example', '{group}')"
        ))
        .await;
    script.must("delete from user_admin_status where is_admin").await;
    assert!(store.load().await.unwrap().company().has_admin());
    for sql in [
        "delete from user_group_membership where user_email = 'bob@x.example'",
        "update user_group_membership set group_name = 'other' where user_email = 'bob@x.example'",
    ] {
        script.refused(sql, says).await;
    }
    // A membership that moves leaves an administrator.
    let moved = "update user_group_membership set user_email = 'eve@x.example'
                 where user_email = 'bob@x.example'";
    script.must(moved).await;
    assert!(store.load().await.unwrap().company().has_admin());
    // One who is disabled is none.
    script
        .must("insert into user_admin_status (user_email, is_admin) values ('off@x.example', true)")
        .await;
    script.must("update users set enabled = false where email = 'off@x.example'").await;
    script
        .refused("delete from user_group_membership where user_email = 'eve@x.example'", says)
        .await;
    script
        .must("update user_admin_status set is_admin = false where user_email = 'off@x.example'")
        .await;
    script
        .must("insert into user_admin_status (user_email, is_admin) values ('zoe@x.example', true)")
        .await;
    script.must("delete from user_group_membership where user_email = 'eve@x.example'").await;
    assert!(store.load().await.unwrap().company().has_admin());
}

async fn what_a_provider_claims_is_taken_away_there(kind: Kind) {
    let (store, _database, mut script) = beginning(kind).await;
    let snapshot = store.load().await.unwrap();
    let company = snapshot.company();
    let alice = company.user_by_email(&"alice@google.example".parse().unwrap()).unwrap().id;
    let team: Group = group("claimed");
    let claimed = Membership {
        user: alice,
        group: team.id,
        source: Source::Claim("entra".into()),
        created_at: at(9),
    };
    let records = vec![team.into(), claimed.into()];
    store.apply(&snapshot, &additions(records), &Actor::gate(), at(2)).await.unwrap();
    let revision = store.revision().await.unwrap();
    for sql in [
        "delete from user_group_membership where group_name = 'claimed'",
        "update user_group_membership set group_name = 'x' where group_name = 'claimed'",
    ] {
        script.refused(sql, "taken away there").await;
    }
    script
        .must(
            "update user_group_membership set group_name = 'Claimed' where group_name = 'claimed'",
        )
        .await;
    assert_eq!(store.revision().await.unwrap(), revision);
}

async fn values_of_other_types_are_refused(kind: Kind) {
    let (store, _database, mut script) = beginning(kind).await;
    let revision = store.revision().await.unwrap();
    script.refused("insert into user_admin_status (is_admin) values (true)", "user_email").await;
    script
        .refused(
            "insert into user_group_membership (user_email) values ('a@x.example')",
            "group_name",
        )
        .await;
    script.refused("insert into group_tenant_mapping (group_name) values ('g')", "tenant_id").await;
    if kind == Kind::Sqlite {
        // SQLite has no types but those of the values.
        for (sql, says) in [
            (
                "insert into user_group_membership (user_email, group_name) values (x'614062', 'g')",
                "user_email",
            ),
            (
                "insert into user_group_membership (user_email, group_name) values ('a@b', x'67')",
                "group_name",
            ),
            (
                "insert into user_group_membership (user_email, group_name) values ('a@b', 7)",
                "group_name",
            ),
            (
                "insert into group_tenant_mapping (group_name, tenant_id) values ('g', x'676f6f676c65')",
                "tenant_id",
            ),
            (
                "insert into user_admin_status (user_email, is_admin) values ('a@b', 'yes')",
                "is_admin",
            ),
            ("insert into user_admin_status (user_email, is_admin) values ('a@b', 2)", "is_admin"),
            (
                "insert or ignore into user_admin_status (user_email, is_admin) values ('a@b', 2)",
                "is_admin",
            ),
            (
                "insert or replace into user_admin_status (user_email, is_admin) values (x'ff40', 1)",
                "user_email",
            ),
            ("update user_admin_status set is_admin = 'no'", "is_admin"),
            (
                "insert into user_admin_status (user_email, is_admin) values (cast(x'ff4062' as text), 1)",
                "user_email",
            ),
        ] {
            script.refused(sql, says).await;
        }
    }
    assert_eq!(store.revision().await.unwrap(), revision);
}

async fn the_audit_says_who_changed_what(kind: Kind) {
    let (store, _database, mut script) = beginning(kind).await;
    let before = store.revision().await.unwrap();
    script
        .must("insert into user_group_membership (user_email, group_name) values ('New@x.example', 'New')")
        .await;
    script
        .must("update group_tenant_mapping set tenant_id = 'microsoft' where group_name = 'Engineers'")
        .await;
    let filter = EventFilter { actor: Some("sql".into()), limit: 100, ..EventFilter::default() };
    let events = store.events(&filter).await.unwrap();
    let actor = match kind {
        Kind::Sqlite => "sql",
        Kind::Postgres => "sql by gatehall",
    };
    assert!(events.iter().all(|event| event.actor == actor), "{events:?}");
    let news = events.iter().filter(|event| event.revision > before);
    let mut said: Vec<String> = news
        .map(|it| {
            let tenant = it.tenant.as_deref().unwrap_or("-");
            format!("{} {} {} {tenant}", it.action, it.kind, it.subject)
        })
        .collect();
    said.sort();
    assert_eq!(
        said,
        [
            "add grant group Engineers may use tenant microsoft microsoft",
            "add group New -",
            "add membership new@x.example in New -",
            "add user new@x.example -",
            "remove grant group Engineers may use tenant google google",
        ]
    );
}
