use serde_json::json;

use super::*;

fn long_event(n: u32) -> EventRow {
    let event = json!({
        "id": format!("019d0000-0000-7000-8000-{n:012}"), "at": 1, "revision": 1, "actor": "a",
        "user_id": null, "door": "personal-key", "key_id": null, "action": "call",
        "kind": "mcp", "subject": "x".repeat(64 << 10), "tenant_id": null, "connection": null,
        "outcome": "answered", "reason": null, "duration_micros": 1, "bytes_in": 1,
        "bytes_out": 1, "request_id": n
    });
    serde_json::from_value(event).unwrap()
}

#[test]
fn while_many_files_wait_the_one_that_is_written_grows() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, ..) = Journal::open(folder.path(), false).unwrap();
    let (recorder, _calls) = Recorder::new(1, false);
    let state = Arc::<AuditState>::default();
    // The store takes nothing.
    let batches = mpsc::channel(1).0;
    let (closed, mut waiting) = mpsc::unbounded_channel();
    let mut writer = Writer::new(recorder, Arc::clone(&state), journal, batches, closed);
    state.files.store(FILES, Ordering::Relaxed);
    state.waiting.store(1_000, Ordering::Relaxed);
    for round in 0..2 {
        writer.take((0..150).map(|n| long_event(round * 150 + n)).collect(), Vec::new(), false);
        writer.look();
        assert!(writer.journal.is_large() && waiting.try_recv().is_err());
    }
    // One of them is back.
    state.files.fetch_sub(1, Ordering::Relaxed);
    writer.look();
    assert_eq!(waiting.try_recv().map(|file| file.waiting).ok(), Some(300));
    assert_eq!(state.files.load(Ordering::Relaxed), FILES);
}
