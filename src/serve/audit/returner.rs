//! Brings what lies in journals into the store, piece by piece.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use gatehall_store::{EventRow, Store, StoreError};
use tokio::{sync::mpsc, time::sleep};

use super::{AuditState, journal::Closed};

/// Lines of a piece.
const PIECE: usize = 1000;
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Never ends, but when no more journals come.
pub(super) async fn run(
    store: Store,
    state: Arc<AuditState>,
    mut journals: mpsc::UnboundedReceiver<Closed>,
) {
    while let Some(journal) = journals.recv().await {
        let aside = journal.path.with_extension("aside");
        let mut reader = match File::open(&journal.path) {
            Ok(file) => BufReader::new(file),
            Err(error) => {
                tracing::error!(%error, file = %journal.path.display(), "a journal of the audit cannot be read");
                continue;
            }
        };
        let mut events = 0;
        loop {
            let piece = match piece(&mut reader) {
                Ok(piece) => piece,
                Err(error) => {
                    tracing::error!(%error, file = %journal.path.display(), "a journal of the audit cannot be read");
                    break;
                }
            };
            for line in &piece.unreadable {
                set_aside(&state, &aside, line);
            }
            events += piece.rows.len();
            bring_back(&store, &state, &aside, &piece.rows).await;
            if piece.last {
                state.waiting.fetch_sub(journal.waiting, Ordering::Relaxed);
                tracing::info!(events, "a journal of the audit is in the database");
                journal.remove();
                break;
            }
        }
    }
}

struct Piece {
    rows: Vec<EventRow>,
    unreadable: Vec<Vec<u8>>,
    last: bool,
}

fn piece(reader: &mut impl BufRead) -> io::Result<Piece> {
    let mut piece = Piece { rows: Vec::new(), unreadable: Vec::new(), last: false };
    for _ in 0..PIECE {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            piece.last = true;
            break;
        }
        match serde_json::from_slice(&line) {
            Ok(row) => piece.rows.push(row),
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(_) => piece.unreadable.push(line),
        }
    }
    Ok(piece)
}

/// Tries until the store has all of it.
async fn bring_back(store: &Store, state: &AuditState, aside: &Path, rows: &[EventRow]) {
    loop {
        match store.record_events(rows).await {
            Ok(()) => return,
            // Something in it is not as the database wants it.
            Err(StoreError::Database(_)) if one_by_one(store, state, aside, rows).await => return,
            Err(_) => sleep(AGAIN).await,
        }
    }
}

/// Brings back what can be, if anything can, and sets the rest aside.
async fn one_by_one(store: &Store, state: &AuditState, aside: &Path, rows: &[EventRow]) -> bool {
    let mut refused = Vec::new();
    for row in rows {
        match store.record_events(std::slice::from_ref(row)).await {
            Ok(()) => {}
            Err(StoreError::Database(_)) => refused.push(row),
            Err(_) => return false,
        }
    }
    if refused.len() == rows.len() {
        return false;
    }
    for row in refused {
        set_aside(state, aside, &serde_json::to_vec(row).unwrap_or_default());
    }
    true
}

/// Keeps a line that nothing can be done with, for people to look at.
fn set_aside(state: &AuditState, aside: &Path, line: &[u8]) {
    state.set_aside.fetch_add(1, Ordering::Relaxed);
    let file = aside.display();
    let kept = OpenOptions::new().create(true).append(true).mode(0o600).open(aside);
    match kept.and_then(|mut kept| kept.write_all(&[line.trim_ascii_end(), b"\n"].concat())) {
        Ok(()) => {
            tracing::error!(%file, "a line of the audit's journal cannot be read: it is set aside")
        }
        Err(error) => {
            let line = String::from_utf8_lossy(line);
            tracing::error!(%error, %line, "a line of the audit's journal cannot be read, nor set aside");
        }
    }
}
