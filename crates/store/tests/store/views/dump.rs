//! Dumps of PostgreSQL, made as the page says, and what is restored from them.

use std::process::{Command, Output};

use gatehall_domain::Snapshot;
use gatehall_store::{Actor, Store};
use gatehall_test_support::{Database, Kind, postgres_program, psql};
use gatehall_vault::Vault;

use crate::sample::{additions, at, every_kind};
use crate::script::Script;

/// A database whose owner is no superuser, as it should be.
pub(super) fn ordinary_owner() -> Database {
    let database = Database::new(Kind::Postgres);
    let name = database.url.rsplit('/').next().unwrap().to_owned();
    psql(
        &database.url,
        &format!("create role owner_{name} login; alter database {name} owner to owner_{name}"),
    );
    let url = database.url.replace("gatehall@", &format!("owner_{name}@"));
    Database { url, ..database }
}

fn dump(url: &str, file: &str, options: &[&str]) -> Output {
    let mut command = Command::new(postgres_program("pg_dump"));
    command.args(options).args(["--file", file, url]).output().unwrap()
}

fn restore(url: &str, file: &str) {
    let mut command = Command::new(postgres_program("psql"));
    command.args(["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "--file", file, url]);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

async fn filled(database: &Database, vault: &Vault) -> (Store, Snapshot) {
    let store = Store::open(&database.url).await.unwrap();
    store.check_vault(vault).await.unwrap();
    let empty = store.load().await.unwrap();
    store.apply(&empty, &additions(every_kind()), &Actor::command_line(), at(1)).await.unwrap();
    let snapshot = store.load().await.unwrap();
    (store, snapshot)
}

async fn is_the_same(restored: &Database, before: &Snapshot, vault: &Vault) {
    let store = Store::open(&restored.url).await.unwrap();
    store.check_vault(vault).await.unwrap();
    let after = store.load().await.unwrap();
    assert_eq!(after.revision(), before.revision());
    let (a, b) = (after.company(), before.company());
    assert_eq!((&a.users, &a.groups, &a.memberships), (&b.users, &b.groups, &b.memberships));
    assert_eq!((&a.tenants, &a.servers, &a.connections), (&b.tenants, &b.servers, &b.connections));
    assert_eq!((&a.grants, &a.keys, &a.credentials), (&b.grants, &b.keys, &b.credentials));
    assert_eq!((&a.providers, &a.claim_mappings), (&b.providers, &b.claim_mappings));
    assert_eq!((&a.host_rules, &a.tenant_admins), (&b.host_rules, &b.tenant_admins));
    // Views and walls came with it.
    let mut script = Script::new(restored).await;
    script.must("insert into user_group_membership values ('after@x.example', 'engineers')").await;
    script.must("set gatehall.tenant to 'microsoft'").await;
    assert_eq!(script.text("select count(*)::text from connections").await, "1");
    script.must("set row_security to off").await;
    script.refused("select * from connections", "row-level security").await;
}

#[tokio::test]
async fn the_owner_dumps_with_row_security_and_a_restore_starts() {
    let (database, vault) = (ordinary_owner(), Vault::ephemeral().unwrap());
    let (_store, before) = filled(&database, &vault).await;
    let file = database.folder.path().join("dump.sql");
    let file = file.to_str().unwrap();
    // Rather than leave rows out unseen, it refuses.
    let plain = dump(&database.url, file, &[]);
    assert!(String::from_utf8_lossy(&plain.stderr).contains("row-level security"), "{plain:?}");
    let done = dump(&database.url, file, &["--enable-row-security", "--no-owner"]);
    assert!(done.status.success(), "{done:?}");
    let restored = ordinary_owner();
    restore(&restored.url, file);
    is_the_same(&restored, &before, &vault).await;
}

#[tokio::test]
async fn a_role_for_backups_dumps_everything_as_it_is() {
    let (database, vault) = (ordinary_owner(), Vault::ephemeral().unwrap());
    let (_store, before) = filled(&database, &vault).await;
    let name = database.url.rsplit('/').next().unwrap();
    let superuser = Database::superuser(&database.url);
    let role = format!("create role backup_{name} login bypassrls in role pg_read_all_data");
    psql(&superuser, &role);
    let (_, server) = database.url.split_once('@').unwrap();
    let file = database.folder.path().join("dump.sql");
    let file = file.to_str().unwrap();
    let done = dump(&format!("postgres://backup_{name}@{server}"), file, &["--no-owner"]);
    assert!(done.status.success(), "{done:?}");
    let restored = ordinary_owner();
    restore(&restored.url, file);
    is_the_same(&restored, &before, &vault).await;
}
