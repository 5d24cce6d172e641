//! Rights on PostgreSQL: of a role that has the views alone, and of a session of one tenant.

use gatehall_store::{Actor, EventFilter, Store};
use gatehall_test_support::{Database, Kind, psql};

use super::dump::ordinary_owner;
use crate::sample::{additions, at, every_kind};
use crate::script::Script;

/// A database of a superuser or of an ordinary owner, in which something is, and a role that has
/// the three views alone, with the rights that the page names.
async fn beginning(superuser: bool) -> (Store, Database, Script, String) {
    let database = if superuser { Database::new(Kind::Postgres) } else { ordinary_owner() };
    let store = Store::open(&database.url).await.unwrap();
    let empty = store.load().await.unwrap();
    store.apply(&empty, &additions(every_kind()), &Actor::command_line(), at(1)).await.unwrap();
    let role = format!("scripts_{}", database.url.rsplit('/').next().unwrap());
    let page = std::fs::read_to_string(gatehall_test_support::root().join("docs/compatibility.md"))
        .unwrap();
    let grants = page.split("```sql\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(grants.contains("grant usage on schema gatehall to scripts"), "{grants}");
    let admin = Database::superuser(&database.url);
    psql(&admin, &grants.replace("scripts", &role).replace(" password 'a long one'", ""));
    let (_, server) = database.url.split_once('@').unwrap();
    let theirs = Database {
        url: format!("postgres://{role}@{server}"),
        folder: tempfile::tempdir().unwrap(),
    };
    let script = Script::new(&theirs).await;
    (store, database, script, role)
}

#[tokio::test]
async fn a_role_with_the_views_alone_writes_them_and_nothing_else() {
    for superuser in [true, false] {
        let (store, _database, mut script, role) = beginning(superuser).await;
        // What stands in its own way first is not asked.
        for table in ["users", "groups", "memberships", "grants", "revision", "audit_events"] {
            script.must(&format!("create temp table {table} (like pg_class)")).await;
            script.refused(&format!("select * from gatehall.{table}"), "permission denied").await;
            script.refused(&format!("delete from gatehall.{table}"), "permission denied").await;
        }
        let before = store.revision().await.unwrap();
        for sql in [
            "insert into user_group_membership (user_email, group_name) values ('a@x.example', 'Team')",
            "insert into group_tenant_mapping (group_name, tenant_id) values ('Team', 'google')",
            "insert into user_admin_status (user_email, is_admin) values ('a@x.example', true)",
            "update user_group_membership set group_name = 'Crew' where user_email = 'a@x.example'",
            "update group_tenant_mapping set tenant_id = 'microsoft' where group_name = 'Team'",
            "delete from group_tenant_mapping where group_name = 'Team'",
        ] {
            assert_eq!(script.run(sql, &[]).await, Ok(1), "{sql}");
        }
        let snapshot = store.load().await.unwrap();
        assert_eq!(snapshot.revision(), before + 6);
        let found = snapshot.company().user_by_email(&"a@x.example".parse().unwrap()).unwrap();
        assert!(found.admin && snapshot.groups(found.id).len() == 1);
        let filter = EventFilter { actor: Some(role.clone()), limit: 9, ..EventFilter::default() };
        assert!(store.events(&filter).await.unwrap().len() > 6, "the audit names the role");
        // The functions that write are for the views.
        for sql in [
            "select gatehall.sql_event(null, 'a', 'b', 'c', null)",
            "select gatehall.sql_user(null, 'eve@x.example')",
            "select gatehall.sql_group(null, 'evil')",
            "select gatehall.user_admin_status_write()",
            "create temp table mine (user_email text, is_admin boolean, created_at timestamptz);",
            "create trigger mine before insert on pg_temp.mine for each row
             execute function gatehall.user_admin_status_write()",
        ] {
            let done = script.run(sql, &[]).await;
            assert_eq!(done.is_ok(), sql.starts_with("create temp"), "{sql}: {done:?}");
        }
        script.close().await;
    }
}

#[tokio::test]
async fn the_triggers_serve_their_views_alone_whoever_may_call_them() {
    let (store, database, mut script, _) = beginning(true).await;
    // As after a restore without privileges.
    psql(&database.url, "grant execute on all functions in schema gatehall to public");
    script
        .must("create temp table mine (user_email text, is_admin boolean, created_at timestamptz)")
        .await;
    script
        .must(
            "create trigger mine before insert on pg_temp.mine for each row
               execute function gatehall.user_admin_status_write()",
        )
        .await;
    script.refused("insert into pg_temp.mine values ('eve@x.example', true)", "alone").await;
    let calls = [
        "select gatehall.sql_event(null, 'a', 'b', 'c', null)",
        "select gatehall.sql_user(null, 'eve@x.example')",
    ];
    for sql in calls {
        script.refused(sql, "permission denied").await;
    }
    assert!(
        store
            .load()
            .await
            .unwrap()
            .company()
            .user_by_email(&"eve@x.example".parse().unwrap())
            .is_none()
    );
}

#[tokio::test]
async fn a_session_of_one_tenant_reaches_no_other_through_the_views() {
    for superuser in [true, false] {
        let (store, _database, mut script, _) = beginning(superuser).await;
        script.must("insert into group_tenant_mapping values ('engineers', 'microsoft')").await;
        script.must("set gatehall.tenant to 'microsoft'").await;
        let before = store.load().await.unwrap();
        let seen = script.text("select string_agg(tenant_id, ',') from group_tenant_mapping").await;
        assert_eq!(seen, "microsoft");
        for sql in [
            "delete from group_tenant_mapping where tenant_id = 'google'",
            "update group_tenant_mapping set group_name = 'other' where tenant_id = 'google'",
        ] {
            assert_eq!(script.run(sql, &[]).await, Ok(0), "{sql}");
        }
        for (sql, says) in [
            ("insert into group_tenant_mapping values ('engineers', 'google')", "tenant_id"),
            (
                "insert into group_tenant_mapping values ('no such group', 'microsoft')",
                "gatehall.tenant",
            ),
            ("update group_tenant_mapping set tenant_id = 'google'", "tenant_id"),
            (
                "insert into user_group_membership values ('a@x.example', 'engineers')",
                "gatehall.tenant",
            ),
            ("delete from user_group_membership", "gatehall.tenant"),
            ("update user_admin_status set is_admin = true", "gatehall.tenant"),
        ] {
            script.refused(sql, says).await;
        }
        assert_eq!(store.revision().await.unwrap(), before.revision());
        script.must("delete from group_tenant_mapping").await;
        let after = store.load().await.unwrap();
        assert_eq!(after.company().grants.len(), before.company().grants.len() - 1);
    }
}
