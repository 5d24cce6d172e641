//! Row-level security, which only PostgreSQL has.

use gatehall_store::Actor;
use gatehall_test_support::{Kind, psql};

use crate::{
    sample::{additions, at, every_kind},
    store,
};

#[tokio::test]
async fn a_session_of_one_tenant_sees_and_writes_that_tenant_alone() {
    let (store, database) = store(Kind::Postgres).await;
    let empty = store.load().await.unwrap();
    store.apply(&empty, &additions(every_kind()), &Actor::command_line(), at(1)).await.unwrap();
    // Owners and superusers see all; an ordinary role does not.
    let role = database.url.rsplit('/').next().unwrap();
    psql(
        &database.url,
        &format!(
            "create role {role} login; grant usage on schema gatehall to {role};
             grant select, insert, update, delete on all tables in schema gatehall to {role}"
        ),
    );
    let url = database.url.replace("gatehall@", &format!("{role}@"));
    let scoped = |tenant: &str, sql: &str| {
        let sql = format!("set search_path to gatehall; set gatehall.tenant to '{tenant}'; {sql}");
        let said = psql(&url, &sql);
        said.lines().last().unwrap_or_default().to_owned()
    };
    for (table, google, all) in [
        ("connections", "1", "2"),
        ("credentials", "2", "2"),
        ("grants", "2", "3"),
        ("tenants", "1", "2"),
    ] {
        let count = format!("select count(*) from {table}");
        assert_eq!(scoped("google", &count), google, "{table}");
        assert_eq!(scoped("", &count), all, "{table}");
    }
    assert_eq!(scoped("microsoft", "select count(*) from credentials"), "0");
    assert_eq!(
        scoped("microsoft", "update connections set enabled = false where tenant_id = 'google'"),
        "UPDATE 0"
    );
    let foreign = std::panic::catch_unwind(|| {
        scoped(
            "microsoft",
            "insert into tenants (id, name, description, enabled, created_at) values ('x', '', '', true, 0)",
        )
    });
    assert!(foreign.is_err(), "a row of another tenant was written");
}
