//! The audit's journal: its files fail, or hold what the database does not take.

use std::fs;

use futures_util::future::join_all;
use gatehall_test_support::{Kind, psql};
use reqwest::StatusCode;
use serde_json::json;

use super::Scene;
use crate::support::eventually;

/// What lies in a journal of an event.
fn event(n: u32, subject: &str) -> String {
    let event = json!({
        "id": format!("019d0000-0000-7000-8000-{n:012}"), "at": 1_900_000_000_000_000_i64,
        "revision": 1, "actor": "alice@google.example", "user_id": null, "door": "personal-key",
        "key_id": null, "action": "call", "kind": "mcp", "subject": subject,
        "tenant_id": null, "connection": "notes", "outcome": "answered", "reason": "public",
        "duration_micros": 1, "bytes_in": 1, "bytes_out": 1, "request_id": n
    });
    event.to_string() + "\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_journal_that_fails_keeps_what_it_has() {
    let scene = Scene::new(Kind::Postgres, None).await;
    let gate = scene.serve(&["--audit", "sure"]).await;
    gate.is_well().await;
    let full = "set search_path to gatehall;
        create function full_disk() returns trigger language plpgsql as
            $$ begin raise exception 'full' using errcode = '53100'; end $$;
        create trigger full_disk before insert on audit_events
            for each row execute function full_disk();";
    psql(&scene.database.url, full);
    // A few events fill a file, and the next ones fail in the middle.
    gate.limit("4000");
    for _ in 0..30 {
        for answer in join_all([gate.call(), gate.call(), gate.call(), gate.call()]).await {
            assert_eq!(answer.status, StatusCode::OK, "another file is there: {answer:?}");
        }
    }
    psql(&scene.database.url, "drop trigger full_disk on gatehall.audit_events");
    let report = gate
        .says("the journal is in the database", "/ready", |_, it| it["waiting_audit_events"] == 0)
        .await;
    assert_eq!(report["lost_audit_events"], 0, "{report}");
    eventually("all that was answered is in the audit", async || {
        (scene.audit(&["--outcome", "answered"]).len() == 120).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withheld_is_in_the_audit_where_the_database_takes_it() {
    let scene = Scene::new(Kind::Postgres, None).await;
    let gate = scene.serve(&["--audit", "sure"]).await;
    gate.is_well().await;
    // The data folder's disk is full, and the database is elsewhere.
    gate.limit("1");
    let withheld = gate.call().await;
    assert_eq!(withheld.status, StatusCode::SERVICE_UNAVAILABLE, "{withheld:?}");
    eventually("the call is in the audit", async || {
        (scene.audit(&["--outcome", "answered"]).len() == 1).then_some(())
    })
    .await;
    let (_, report) = gate.get("/ready").await;
    assert_eq!(report["lost_audit_events"], 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_the_database_refuses_holds_up_no_other() {
    let scene = Scene::new(Kind::Postgres, None).await;
    let journal = scene.home.data_dir().join("audit-journal");
    fs::create_dir_all(&journal).unwrap();
    // No text of PostgreSQL has a zero character.
    fs::write(journal.join("a.jsonl"), event(1, "\0")).unwrap();
    fs::create_dir(journal.join("b.jsonl")).unwrap();
    fs::write(journal.join("c.jsonl"), event(2, "notes_before")).unwrap();
    let gate = scene.serve(&[]).await;
    let report = gate
        .says("the journals are done with", "/ready", |_, it| it["waiting_audit_events"] == 0)
        .await;
    assert_eq!(scene.audit(&["notes_before"]).len(), 1);
    assert!(report["troubles"].to_string().contains("set aside"), "{report}");
    assert_eq!(fs::read_to_string(journal.join("a.aside")).unwrap(), event(1, "\0"));
    assert!(!journal.join("a.jsonl").exists() && !journal.join("c.jsonl").exists());
}
