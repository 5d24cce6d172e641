//! What goes wrong in the middle of a write leaves nothing behind, and writing goes on.

use std::{collections::HashMap, sync::Arc, time::Duration};

use gatehall_domain::*;
use gatehall_store::{Actor, EventFilter, EventRow, Replica, Store, StoreError};
use gatehall_test_support::{Database, Kind, psql};

use crate::{
    compatibility::run,
    on_both,
    sample::{additions, at, every_kind, user},
    store,
};

on_both!(
    every_writer_recovers_from_a_transaction_that_the_database_ended,
    a_write_that_is_dropped_half_way_leaves_nothing_behind,
    events_are_kept_and_counted_once,
    many_counts_and_uses_are_written_at_once,
    those_who_change_the_company_wait_for_each_other,
);

/// Every kind of write, by name.
async fn write_all(store: &Store) -> Vec<(&'static str, Result<(), StoreError>)> {
    let now = at(1_000_000);
    let digest = Digest(*uuid::Uuid::now_v7().into_bytes().repeat(2).first_chunk().unwrap());
    let session = Session {
        id: digest,
        user: UserId(uuid::Uuid::now_v7()),
        login: None,
        authenticated_at: now,
        created_at: now,
        seen_at: now,
        expires_at: now.plus_seconds(3600),
        ended_at: None,
    };
    let key: KeyId = "abcdef0123456789".parse().unwrap();
    let replica = Replica {
        name: "here".into(),
        public_url: Some("https://gate.example/".into()),
        version: "1".into(),
        revision: 0,
        started_at: now,
        seen_at: now,
        chats: None,
    };
    let refused = RefusedAccount {
        issuer: "open-webui".into(),
        subject: "new".into(),
        user: session.user,
        at: now,
    };
    let company = store.load().await.unwrap();
    let email = format!("{}@x.example", session.user);
    let changes = additions(vec![user(&email).into()]);
    let actor = Actor::command_line();
    vec![
        ("apply", store.apply(&company, &changes, &actor, now).await.map(drop)),
        ("record_events", store.record_events(&[call(store, 1).await]).await),
        ("add_sessions", store.add_sessions(std::slice::from_ref(&session)).await),
        (
            "record_session_uses",
            store.record_session_uses(&[(digest, now.plus_seconds(1))], now).await,
        ),
        ("end_sessions", store.end_sessions(&Sessions::One(digest), now).await.map(drop)),
        ("record_key_uses", store.record_key_uses(&[(key, now)].into()).await),
        ("put_replica", store.put_replica(&replica).await),
        ("put_refused_accounts", store.put_refused_accounts(&[refused], now).await),
        (
            "keep_open_webui_secret",
            store.keep_open_webui_secret("open-webui", &email, true, now).await.map(drop),
        ),
        (
            "add_sign_in_link",
            store.add_sign_in_link(digest, session.user, now, now.plus_seconds(9)).await,
        ),
    ]
}

async fn call(store: &Store, n: u64) -> EventRow {
    EventRow::from(CallEvent {
        at: at(100),
        snapshot: Arc::new(store.load().await.unwrap()),
        caller: Caller { user: None, door: Door::PersonalKey, key: None, tenant: None },
        face: "mcp",
        connection: None,
        tool: "tool".into(),
        outcome: Outcome::Answered(Because::Public),
        duration_micros: 5,
        bytes_in: 1,
        bytes_out: 2,
        request_id: n,
    })
}

/// Where each kind of write ends up.
const TABLES: [&str; 7] = [
    "audit_events",
    "sessions",
    "api_key_uses",
    "replicas",
    "sign_in_links",
    "refused_accounts",
    "open_webui_secrets",
];

/// From now on the database ends every transaction that inserts, as it does when the disk is full.
async fn fill(database: &Database, kind: Kind) {
    if kind == Kind::Postgres {
        let function = "create function full_disk() returns trigger language plpgsql as
            $$ begin raise exception 'full' using errcode = '53100'; end $$";
        run(database, function).await.unwrap();
    }
    for table in TABLES {
        for what in ["insert", "update"] {
            let sql = match kind {
                Kind::Sqlite => format!(
                    "create trigger full_{what}_{table} before {what} on {table}
                     begin select raise(rollback, 'full'); end"
                ),
                Kind::Postgres => format!(
                    "create trigger full_{what}_{table} before {what} on {table}
                     for each row execute function full_disk()"
                ),
            };
            run(database, sql.leak()).await.unwrap();
        }
    }
}

async fn make_room(database: &Database, kind: Kind) {
    for table in TABLES {
        for what in ["insert", "update"] {
            let on = if kind == Kind::Postgres { format!(" on {table}") } else { String::new() };
            let sql = format!("drop trigger full_{what}_{table}{on}");
            run(database, sql.leak()).await.unwrap();
        }
    }
}

async fn every_writer_recovers_from_a_transaction_that_the_database_ended(kind: Kind) {
    let (store, database) = store(kind).await;
    assert!(store.write_trouble().is_none());
    fill(&database, kind).await;
    let before = store.revision().await.unwrap();
    for (name, done) in write_all(&store).await {
        // There is no session to use or to end.
        let nothing = matches!(name, "record_session_uses" | "end_sessions");
        assert!(done.is_err() || nothing, "{name}: the test does not do what it says");
    }
    store.put_replica(&replica()).await.unwrap_err();
    assert!(store.write_trouble().is_some(), "nobody would hear of it");
    assert_eq!(store.revision().await.unwrap(), before);

    make_room(&database, kind).await;
    for (name, done) in write_all(&store).await {
        assert!(done.is_ok(), "{name}: {done:?}");
    }
    assert!(store.write_trouble().is_none());
    assert_eq!(store.revision().await.unwrap(), before + 1);
}

fn replica() -> Replica {
    Replica {
        name: "here".into(),
        public_url: Some("https://gate.example/".into()),
        version: "1".into(),
        revision: 0,
        started_at: at(1),
        seen_at: at(1),
        chats: None,
    }
}

async fn a_write_that_is_dropped_half_way_leaves_nothing_behind(kind: Kind) {
    let (store, _database) = store(kind).await;
    let mut calls = Vec::new();
    for n in 0..2000 {
        calls.push(call(&store, n).await);
    }
    // Dropped at every stage, from the first poll on.
    for micros in [0, 50, 200, 500, 1000, 2000, 4000, 8000, 16_000] {
        let writing = store.record_events(&calls);
        let _ = tokio::time::timeout(Duration::from_micros(micros), writing).await;
        let company = store.load().await.unwrap();
        let changing = async {
            let email = format!("u{micros}-{}@x.example", uuid::Uuid::now_v7());
            let changes = additions(vec![user(&email).into()]);
            store.apply(&company, &changes, &Actor::command_line(), at(1)).await
        };
        let _ = tokio::time::timeout(Duration::from_micros(micros), changing).await;
    }
    for (name, done) in write_all(&store).await {
        assert!(done.is_ok(), "{name}: {done:?}");
    }
    // All of an attempt was kept, or nothing.
    store.record_events(&calls).await.unwrap();
    assert_eq!(counted(&store).await, 2001);
    let kept = store.events(&EventFilter { limit: 5000, ..EventFilter::default() }).await.unwrap();
    let changes = kept.iter().filter(|it| it.action != "call").count() as u64;
    assert_eq!(store.revision().await.unwrap(), changes, "each revision has its event");
}

/// How many calls the counters know of.
async fn counted(store: &Store) -> u64 {
    store.usage(at(0), None).await.unwrap().iter().map(|it| it.calls).sum()
}

async fn events_are_kept_and_counted_once(kind: Kind) {
    let (store, _database) = store(kind).await;
    let mut calls = Vec::new();
    for n in 0..300 {
        calls.push(call(&store, n).await);
    }
    store.record_events(&calls[..100]).await.unwrap();
    store.record_events(&calls[..100]).await.unwrap();
    assert_eq!(counted(&store).await, 100);
    // Some are there, some are not.
    store.record_events(&calls[50..]).await.unwrap();
    assert_eq!(counted(&store).await, 300);
    let kept = store.events(&EventFilter { limit: 1000, ..EventFilter::default() }).await.unwrap();
    assert_eq!(kept.len(), 300);
}

async fn many_counts_and_uses_are_written_at_once(kind: Kind) {
    let (store, _database) = store(kind).await;
    let event = serde_json::to_value(call(&store, 1).await).unwrap();
    let events: Vec<EventRow> = (0..300_i64)
        .map(|minute| {
            let mut event = event.clone();
            event["id"] = uuid::Uuid::now_v7().to_string().into();
            event["at"] = (minute * 60_000_000).into();
            serde_json::from_value(event).unwrap()
        })
        .collect();
    store.record_events(&events).await.unwrap();
    assert_eq!((counted(&store).await, store.usage(at(0), None).await.unwrap().len()), (300, 300));

    let uses = |seconds| -> HashMap<KeyId, Timestamp> {
        (0..300).map(|n| (format!("key{n:09}").parse().unwrap(), at(seconds))).collect()
    };
    store.record_key_uses(&uses(2)).await.unwrap();
    store.record_key_uses(&uses(1)).await.unwrap();
    assert_eq!(store.key_uses().await.unwrap(), uses(2), "an earlier use is no news");
}

async fn those_who_change_the_company_wait_for_each_other(kind: Kind) {
    let (store, database) = store(kind).await;
    let other = Store::open(&database.url).await.unwrap();
    let company = store.load().await.unwrap();
    let turn = store.turn().await.unwrap();
    let waiting = tokio::spawn(async move { other.turn().await.map(|turn| turn.revision()) });
    let changes = additions(every_kind());
    turn.apply(&company, &changes, &Actor::command_line(), at(1)).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), 1, "the next one sees what was done");
}

#[tokio::test]
async fn a_server_that_ends_connections_or_only_reads_is_found_again() {
    let (store, database) = store(Kind::Postgres).await;
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let end = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = '{name}' and pid <> pg_backend_pid()"
    );
    let url = database.url.clone();
    let sql = move |sql: String| {
        let url = url.clone();
        tokio::task::spawn_blocking(move || psql(&url, &sql))
    };
    // In the middle of a turn.
    let company = store.load().await.unwrap();
    let turn = store.turn().await.unwrap();
    sql(end.clone()).await.unwrap();
    let changes = additions(vec![user("a@x.example").into()]);
    let error = turn.apply(&company, &changes, &Actor::command_line(), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable(_)), "{error:?}");
    for (name, done) in write_all(&store).await {
        assert!(done.is_ok(), "{name}: {done:?}");
    }
    // As after a switch to a standby.
    sql(format!("alter database {name} set default_transaction_read_only = on")).await.unwrap();
    sql(end.clone()).await.unwrap();
    for (name, done) in write_all(&store).await {
        assert!(matches!(done, Err(StoreError::ReadOnly)), "{name}: {done:?}");
    }
    assert!(store.write_trouble().unwrap().error.contains("cannot be written"));
    sql(format!(
        "begin read write; alter database {name} reset default_transaction_read_only; commit"
    ))
    .await
    .unwrap();
    sql(end).await.unwrap();
    for (name, done) in write_all(&store).await {
        assert!(done.is_ok(), "{name}: {done:?}");
    }
    assert!(store.write_trouble().is_none());
}
