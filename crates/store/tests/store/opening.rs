//! Databases that cannot be used are refused with the remedy, and left as they are.

use std::{fs, os::unix::fs::PermissionsExt};

use gatehall_domain::{
    Change, Credential, Record, SecretSource, Server, Transport, names::short_digest,
};
use gatehall_store::{Actor, Store, StoreError};
use gatehall_test_support::{Database, Kind, psql};
use gatehall_vault::Vault;
use sqlx::{ConnectOptions, Connection, Executor, sqlite::SqliteConnectOptions};

use crate::{
    on_both,
    sample::{additions, at, every_kind},
    script::Script,
    store,
};

on_both!(
    a_database_of_a_newer_version_is_refused,
    another_vault_is_refused,
    opening_twice_changes_nothing,
    what_credentials_fill_already_is_declared,
    a_row_that_cannot_be_read_does_not_stop_an_upgrade,
);

/// Migrations that databases have been through, with the beginning of their SHA-256.
const DONE: [(&str, &str); 16] = [
    ("0001_records.sql", "f22e733b"),
    ("0004_doors.sql", "bbe6fcd8"),
    ("0005_portal.sql", "6009c285"),
    ("0007_reminders_and_audit.sql", "ac550fd6"),
    ("0013_open_webui.sql", "70a7584f"),
    ("0014_replica_address.sql", "4b9cf470"),
    ("postgres/0002_compatibility_views.sql", "1d9ee89d"),
    ("postgres/0003_row_level_security.sql", "a4c142cf"),
    ("postgres/0006_tenant_admins_row_level_security.sql", "d8b10e00"),
    ("postgres/0008_declared_variables.sql", "cf561694"),
    ("postgres/0010_views_keep_the_rules.sql", "f57e0672"),
    ("postgres/0012_accounts.sql", "b430b0f5"),
    ("sqlite/0002_compatibility_views.sql", "7144aa14"),
    ("sqlite/0008_declared_variables.sql", "0800d78b"),
    ("sqlite/0010_views_keep_the_rules.sql", "add6848a"),
    ("sqlite/0012_accounts.sql", "952b645b"),
];

#[test]
fn what_databases_have_been_through_stays_as_it_was() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    for (name, digest) in DONE {
        let text = std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
        assert_eq!(short_digest(&text), digest, "{name} is refused where it was applied: add one");
    }
}

async fn sqlite(database: &Database, sql: &'static str) {
    let path = database.url.trim_start_matches("sqlite:");
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
}

async fn a_database_of_a_newer_version_is_refused(kind: Kind) {
    let (store, database) = store(kind).await;
    store.close().await;
    let newer =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'later', true, '', 0)";
    match kind {
        Kind::Sqlite => sqlite(&database, newer).await,
        Kind::Postgres => drop(psql(&database.url, &newer.replace("_sqlx", "gatehall._sqlx"))),
    }
    let error = Store::open(&database.url).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer(9999)), "{error}");
    assert!(error.to_string().contains("newer version"), "{error}");
}

async fn another_vault_is_refused(kind: Kind) {
    let (store, _database) = store(kind).await;
    let vault = Vault::ephemeral().unwrap();
    store.check_vault(&vault).await.unwrap();
    store.check_vault(&vault).await.unwrap();
    let error = store.check_vault(&Vault::ephemeral().unwrap()).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKeys(_)), "{error}");
}

async fn opening_twice_changes_nothing(kind: Kind) {
    let (store, database) = store(kind).await;
    let (one, two) = tokio::join!(Store::open(&database.url), Store::open(&database.url));
    assert_eq!(one.unwrap().revision().await.unwrap(), two.unwrap().revision().await.unwrap());
    assert_eq!(store.revision().await.unwrap(), 0);
}

/// A company of the time when a credential could fill any variable.
async fn what_credentials_fill_already_is_declared(kind: Kind) {
    let (store, database) = store(kind).await;
    let empty = store.load().await.unwrap();
    store.apply(&empty, &additions(every_kind()), &Actor::command_line(), at(1)).await.unwrap();
    store.close().await;
    let harmful = "insert into credentials
        select connection_id, 'environment:LD_PRELOAD', tenant_id, sealed, variable, created_at, expires_at
        from credentials where placement = 'environment:TOKEN'";
    let undone = "delete from _sqlx_migrations where version = 8";
    match kind {
        Kind::Sqlite => {
            let bare =
                "update servers set transport = json_remove(transport, '$.credential_variables')";
            for sql in [bare, harmful, undone] {
                sqlite(&database, sql).await;
            }
        }
        Kind::Postgres => {
            let bare =
                "update servers set transport = (transport::jsonb - 'credential_variables')::text";
            let sql = format!("set search_path to gatehall; {bare}; {harmful}; {undone}");
            psql(&database.url, &sql);
        }
    }

    let store = Store::open(&database.url).await.unwrap();
    let snapshot = store.load().await.unwrap();
    let company = snapshot.company();
    let server = Server::clone(company.servers.values().next().unwrap());
    let Transport::Stdio { credential_variables, .. } = &server.transport else { panic!() };
    assert_eq!(credential_variables.iter().collect::<Vec<_>>(), ["OTHER", "TOKEN"]);
    // Nothing is lost, and nothing new is let in.
    let of = |place: &str| {
        let place = place.parse().unwrap();
        let found = company.credentials.values().find(|it| it.placement == place);
        found.map(|it| Credential::clone(it))
    };
    let (token, harmful) =
        (of("environment:TOKEN").unwrap(), of("environment:LD_PRELOAD").unwrap());
    let changed = |before: &Credential| {
        let after = Credential { secret: SecretSource::Environment("V".into()), ..before.clone() };
        Change::Replace { before: before.clone().into(), after: after.into() }
    };
    let new = Credential { placement: "environment:NEW".parse().unwrap(), ..token.clone() };
    let off = Server { enabled: false, ..server.clone() };
    let off = Change::Replace { before: Record::from(server), after: Record::from(off) };
    for (change, allowed) in [
        (changed(&token), true),
        (changed(&harmful), false),
        (Change::Add(new.into()), false),
        (off, true),
        (Change::Remove(harmful.into()), true),
    ] {
        let mut company = company.clone();
        assert_eq!(company.apply(&change).is_ok(), allowed, "{change:?}");
    }
}

async fn a_row_that_cannot_be_read_does_not_stop_an_upgrade(kind: Kind) {
    let (store, database) = store(kind).await;
    let empty = store.load().await.unwrap();
    store.apply(&empty, &additions(every_kind()), &Actor::command_line(), at(1)).await.unwrap();
    store.close().await;
    let mut script = Script::new(&database).await;
    // The same server once more with each transport, its connection and what fills variables.
    for (n, transport) in
        ["", "{", "null", "[]", "\"stdio\"", "{\"type\": \"stdio\", \"x\": \"\\u0000\"}"]
            .iter()
            .enumerate()
    {
        let id = match kind {
            Kind::Sqlite => format!("x'{n:032x}'"),
            Kind::Postgres => format!("'{n:032x}'::uuid"),
        };
        for sql in [
            "create temporary table s as select * from servers where id not like 'broken%'".into(),
            format!("update s set id = 'broken{n}', transport = '{transport}'"),
            "insert into servers select * from s".into(),
            "create temporary table c as select * from connections where server_id not like 'broken%'
                and id in (select connection_id from credentials)".into(),
            format!("update c set id = {id}, server_id = 'broken{n}'"),
            "insert into connections select * from c".into(),
            "create temporary table p as select * from credentials where placement = 'environment:TOKEN'
                and connection_id not in (select id from connections where server_id like 'broken%')".into(),
            format!("update p set connection_id = {id}"),
            "insert into credentials select * from p".into(),
            "drop table s".into(),
            "drop table c".into(),
            "drop table p".into(),
        ] {
            script.must(&sql).await;
        }
    }
    let bare = match kind {
        Kind::Sqlite => {
            // A placement of another type, at a server that can be read.
            script
                .must("insert into credentials select connection_id, cast('environment:BYTES' as blob),
                    tenant_id, sealed, variable, created_at, expires_at
                    from credentials where placement = 'environment:OTHER'")
                .await;
            "json_remove(transport, '$.credential_variables')"
        }
        Kind::Postgres => "(transport::jsonb - 'credential_variables')::text",
    };
    script
        .must(&format!("update servers set transport = {bare} where id not like 'broken%'"))
        .await;
    script.must("delete from _sqlx_migrations where version = 8").await;
    script.close().await;

    let snapshot = Store::open(&database.url).await.unwrap().load().await.unwrap();
    let rows = snapshot.company().set_aside().rows();
    assert!(rows.iter().filter(|it| it.table == "servers").count() >= 5, "{rows:?}");
    let declared = snapshot.company().servers.values().find_map(|it| match &it.transport {
        Transport::Stdio { credential_variables, .. } if it.id.as_str() != "broken5" => {
            Some(credential_variables.clone())
        }
        _ => None,
    });
    assert_eq!(declared.unwrap().iter().collect::<Vec<_>>(), ["OTHER", "TOKEN"]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_kept() {
    let database = Database::new(Kind::Sqlite);
    let path = database.folder.path().join("gatehall.db");
    let text = "these are my notes, and no database at all, but long enough to look at".repeat(20);
    fs::write(&path, &text).unwrap();
    let error = Store::open(&database.url).await.unwrap_err();
    assert!(matches!(error, StoreError::NotADatabase), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_locked_database_is_refused() {
    let (store, database) = store(Kind::Sqlite).await;
    let path = database.folder.path().join("gatehall.db");
    let mut other = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    other.execute("begin exclusive").await.unwrap();
    let error = store.record_key_uses(&Default::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked), "{error}");
    other.execute("rollback").await.unwrap();
    store.record_key_uses(&Default::default()).await.unwrap();
}

#[tokio::test]
async fn addresses_that_lead_nowhere_say_so_without_the_password() {
    for (url, says) in [
        ("mysql://me:secret@host/x", "is no database"),
        ("nonsense", "is no database"),
        ("sqlite:/nowhere/at/all/x.db", "cannot be opened"),
        ("postgres://me:secret@127.0.0.1:1/x", "cannot be reached"),
    ] {
        let error = Store::open(url).await.unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("secret"), "{url}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let opened = Store::open(&format!("sqlite:{}/x.db", folder.path().display())).await;
    // Root may write everywhere.
    if let Err(error) = opened {
        assert!(matches!(error, StoreError::CannotOpen | StoreError::ReadOnly), "{error}");
    }
}
