//! What is in the audit after a gate was killed, and how what lay beside the database comes back.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use gatehall_test_support::Kind;
use serde_json::json;

use super::{Gate, Scene, TOOL};
use crate::{on_both, support::eventually};

on_both!(
    what_was_answered_is_in_the_audit_when_it_is_sure,
    what_was_answered_a_second_ago_is_in_the_audit_when_it_is_fast,
    a_journal_with_half_a_line_comes_back_without_it,
);

/// What a crash may cost at most where answers do not wait.
const WINDOW: Duration = Duration::from_millis(1000);

/// Calls from many sides until the gate is killed, and says when answers came.
async fn kill_under_load(gate: Gate) -> (Vec<Instant>, Instant) {
    let over = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicUsize::new(0));
    let callers = (0..16).map(|n| {
        let (alice, over) = (gate.alice.clone(), Arc::clone(&over));
        let body = match n % 4 {
            // Some of them are denied.
            0 => json!({"name": "notes_write_text", "arguments": {"text": "a"}}),
            _ => json!({"name": TOOL, "arguments": {"text": "a"}}),
        };
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": body});
        let http = gate.http.clone();
        let count = Arc::clone(&count);
        tokio::spawn(async move {
            let mut answered = Vec::new();
            while !over.load(Ordering::SeqCst) {
                let request = http
                    .post(format!("{}/mcp", alice.url))
                    .bearer_auth(&alice.key)
                    .header("accept", "application/json, text/event-stream")
                    .header("content-type", "application/json")
                    .body(body.to_string());
                let Ok(response) = request.send().await else { break };
                if response.status() == 200 && response.text().await.is_ok() {
                    answered.push(Instant::now());
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
            answered
        })
    });
    let callers: Vec<_> = callers.collect();
    // Long enough for several batches.
    let mut loaded = None;
    eventually("there was load for some time", async || {
        if count.load(Ordering::SeqCst) > 500 {
            loaded.get_or_insert_with(Instant::now);
        }
        loaded.filter(|at| at.elapsed() > WINDOW * 3 / 2)
    })
    .await;
    let mut serving = gate.serving;
    let killed = Instant::now();
    serving.0.kill().unwrap();
    serving.0.wait().unwrap();
    over.store(true, Ordering::SeqCst);
    let answered = join_all(callers).await.into_iter().flat_map(Result::unwrap).collect();
    (answered, killed)
}

fn calls_in_audit(scene: &Scene) -> usize {
    let count = |outcome| scene.audit(&["--outcome", outcome]).len();
    count("answered") + count("denied")
}

async fn what_was_answered_is_in_the_audit_when_it_is_sure(kind: Kind) {
    let scene = Scene::new(kind, None).await;
    let gate = scene.serve(&["--audit", "sure"]).await;
    let (answered, _) = kill_under_load(gate).await;
    assert!(answered.len() > 100, "there was no load: {}", answered.len());
    // The next gate brings back what the killed one had not given to the database.
    let gate = scene.serve(&["--audit", "sure"]).await;
    gate.is_well().await;
    let kept = calls_in_audit(&scene);
    assert!(kept >= answered.len(), "{kept} of {} are in the audit", answered.len());
    // And counts it once.
    let (_, overview) = gate.get("/api/v1/overview").await;
    assert_eq!(overview["usage"]["calls"]["total"].as_u64(), Some(kept as u64));
}

async fn what_was_answered_a_second_ago_is_in_the_audit_when_it_is_fast(kind: Kind) {
    let scene = Scene::new(kind, None).await;
    let gate = scene.serve(&["--audit", "fast"]).await;
    let (answered, killed) = kill_under_load(gate).await;
    let promised = answered.iter().filter(|at| killed.duration_since(**at) > WINDOW).count();
    assert!(promised > 100, "there was no load: {promised}");
    scene.serve(&[]).await.is_well().await;
    let kept = calls_in_audit(&scene);
    assert!(kept >= promised, "{kept} of {promised} are in the audit");
}

async fn a_journal_with_half_a_line_comes_back_without_it(kind: Kind) {
    let scene = Scene::new(kind, None).await;
    let journal = scene.home.data_dir().join("audit-journal");
    fs::create_dir_all(&journal).unwrap();
    let event = |n: u32| {
        json!({
            "id": format!("019d0000-0000-7000-8000-{n:012}"), "at": 1_900_000_000_000_000_i64 + i64::from(n),
            "revision": 1, "actor": "alice@google.example", "user_id": null, "door": "personal-key",
            "key_id": null, "action": "call", "kind": "mcp", "subject": "notes_before",
            "tenant_id": null, "connection": "notes", "outcome": "answered", "reason": "public",
            "duration_micros": 1, "bytes_in": 1, "bytes_out": 1, "request_id": n
        })
        .to_string()
    };
    // More than one piece, some of it twice, and cut in the middle of a line.
    let mut lines: Vec<String> = (0..2500).map(event).collect();
    lines.extend((2000..2500).map(event));
    let torn = &event(2500)[..100];
    fs::write(journal.join("left.jsonl"), lines.join("\n") + "\n" + torn).unwrap();
    // An older version left this.
    fs::write(scene.home.data_dir().join("audit-spill.jsonl"), event(3000) + "\n").unwrap();

    let gate = scene.serve(&[]).await;
    let report = gate
        .says("the journals are in the database", "/ready", |_, it| it["waiting_audit_events"] == 0)
        .await;
    assert_eq!(scene.audit(&["notes_before"]).len(), 2501);
    let (_, overview) = gate.get("/api/v1/overview").await;
    let troubles = report["troubles"].to_string();
    assert!(troubles.contains("set aside") && report["well"] == false, "{report}");
    assert!(overview["todo"].to_string().contains("set aside"), "{overview}");
    let aside = fs::read_to_string(journal.join("left.aside")).unwrap();
    assert_eq!(aside.trim(), torn);
    assert!(!journal.join("left.jsonl").exists());
    // It is said again until somebody has seen to it, and to whoever asks the doctor, too.
    drop(gate);
    let gate = scene.serve(&[]).await;
    let (_, report) = gate.get("/ready").await;
    assert!(report["troubles"].to_string().contains("set aside"), "{report}");
    let doctor = scene.command(&["doctor", "--public-url", &gate.url]).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("set aside"), "{said}");
    drop(gate);
    fs::remove_file(journal.join("left.aside")).unwrap();
    scene.serve(&[]).await.is_well().await;
}
