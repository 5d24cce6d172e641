//! Brings what lies in journals into the store, piece by piece.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, ErrorKind, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use gatehall_store::{EventRow, Store, StoreError};
use tokio::{sync::mpsc, time::sleep};

use super::{
    journal::{Closed, read_line},
    state::AuditState,
};

/// Lines of a piece.
const PIECE: usize = 1000;
/// Bytes of a piece, but for its last line.
const PIECE_BYTES: u64 = 4 << 20;
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Never ends, but when no more journals come.
pub(super) async fn run(
    store: Store,
    state: Arc<AuditState>,
    mut journals: mpsc::UnboundedReceiver<Closed>,
) {
    let mut begun: VecDeque<Begun> = VecDeque::new();
    loop {
        while let Ok(journal) = journals.try_recv() {
            begun.push_back(Begun::new(journal));
        }
        let Some(mut journal) = begun.pop_front() else {
            let Some(journal) = journals.recv().await else { return };
            begun.push_back(Begun::new(journal));
            continue;
        };
        match journal.go_on(&store, &state).await {
            Next::Piece => begun.push_front(journal),
            Next::Again => {
                begun.push_front(journal);
                sleep(AGAIN).await;
            }
            Next::Others => {
                begun.push_back(journal);
                sleep(AGAIN).await;
            }
            Next::Done => {
                state.waiting.fetch_sub(journal.file.waiting, Ordering::Relaxed);
                state.files.fetch_sub(1, Ordering::Relaxed);
                let events = journal.events;
                tracing::info!(events, "a journal of the audit is in the database");
                journal.file.remove();
            }
            Next::Unreadable => journal.set_aside(&state),
        }
    }
}

/// What is to be done with a journal next.
enum Next {
    /// There is more in it.
    Piece,
    /// The store cannot be written, whatever it is given.
    Again,
    /// Perhaps it is this one alone that cannot be brought back now.
    Others,
    Done,
    Unreadable,
}

/// A journal of which a part is in the store.
struct Begun {
    file: Closed,
    /// Where the rest begins.
    at: u64,
    events: u64,
}

impl Begun {
    const fn new(file: Closed) -> Self {
        Self { file, at: 0, events: 0 }
    }

    /// Brings the next piece back.
    async fn go_on(&mut self, store: &Store, state: &AuditState) -> Next {
        let piece = match File::open(&self.file.path) {
            Ok(file) => piece(file, self.at),
            Err(error) if error.kind() == ErrorKind::NotFound => return Next::Done,
            Err(error) => {
                self.tell(&error);
                return Next::Others;
            }
        };
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => {
                self.tell(&error);
                return Next::Unreadable;
            }
        };
        let refused = match bring_back(store, &piece.rows).await {
            Ok(refused) => refused,
            Err(StoreError::Database(_)) => return Next::Others,
            Err(_) => return Next::Again,
        };
        for row in &refused {
            self.set_line_aside(state, &serde_json::to_vec(row).unwrap_or_default());
        }
        for line in &piece.unreadable {
            self.set_line_aside(state, line);
        }
        if piece.zeros > 0 {
            state.set_aside.fetch_add(1, Ordering::Relaxed);
            let (bytes, file) = (piece.zeros, self.file.path.display());
            tracing::error!(bytes, %file, "a part of the audit's journal is zeros: events are missing");
        }
        self.events += (piece.rows.len() - refused.len()) as u64;
        self.at += piece.bytes;
        if piece.last { Next::Done } else { Next::Piece }
    }

    fn tell(&self, error: &io::Error) {
        tracing::error!(%error, file = %self.file.path.display(), "a journal of the audit cannot be read");
    }

    /// Keeps a line that nothing can be done with, for people to look at.
    fn set_line_aside(&self, state: &AuditState, line: &[u8]) {
        state.set_aside.fetch_add(1, Ordering::Relaxed);
        let aside = self.file.path.with_extension("aside");
        let file = aside.display();
        let kept = OpenOptions::new().create(true).append(true).mode(0o600).open(&aside);
        match kept.and_then(|mut kept| kept.write_all(&[line.trim_ascii_end(), b"\n"].concat())) {
            Ok(()) => {
                tracing::error!(%file, "a line of the audit's journal is not taken: it is set aside")
            }
            Err(error) => {
                let line = String::from_utf8_lossy(line);
                tracing::error!(%error, %line, "a line of the audit's journal is not taken, nor set aside");
            }
        }
    }

    /// Keeps the whole file, of which some cannot be read, for people to look at.
    fn set_aside(self, state: &AuditState) {
        let left = self.file.waiting.saturating_sub(self.events).max(1);
        state.set_aside.fetch_add(left, Ordering::Relaxed);
        state.waiting.fetch_sub(self.file.waiting, Ordering::Relaxed);
        state.files.fetch_sub(1, Ordering::Relaxed);
        if let Err(error) = fs::rename(&self.file.path, self.file.path.with_extension("unread")) {
            self.tell(&error);
        }
    }
}

struct Piece {
    rows: Vec<EventRow>,
    unreadable: Vec<Vec<u8>>,
    /// Bytes of what a loss of power left: zeros in the place of lines, which nobody need look at.
    zeros: u64,
    bytes: u64,
    last: bool,
}

fn piece(mut file: File, at: u64) -> io::Result<Piece> {
    file.seek(SeekFrom::Start(at))?;
    let mut reader = BufReader::new(file);
    let mut piece =
        Piece { rows: Vec::new(), unreadable: Vec::new(), zeros: 0, bytes: 0, last: false };
    for _ in 0..PIECE {
        let mut line = Vec::new();
        let bytes = read_line(&mut reader, &mut line)?;
        if bytes == 0 {
            piece.last = true;
            break;
        }
        piece.bytes += bytes;
        match serde_json::from_slice(&line) {
            Ok(row) => piece.rows.push(row),
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(_) if line.trim_ascii_end().iter().all(|byte| *byte == 0) => piece.zeros += bytes,
            Err(_) => piece.unreadable.push(line),
        }
        if piece.bytes >= PIECE_BYTES {
            break;
        }
    }
    Ok(piece)
}

/// Gives the store events, and says which it does not take. An error if it takes none for a reason
/// that does not lie in them.
async fn bring_back<'a>(
    store: &Store,
    rows: &'a [EventRow],
) -> Result<Vec<&'a EventRow>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    match store.record_events(rows).await {
        Ok(()) => Ok(Vec::new()),
        // Something in them is not as the database wants it.
        Err(StoreError::Unfit(_) | StoreError::Database(_)) => one_by_one(store, rows).await,
        Err(error) => Err(error),
    }
}

async fn one_by_one<'a>(
    store: &Store,
    rows: &'a [EventRow],
) -> Result<Vec<&'a EventRow>, StoreError> {
    let (mut refused, mut taken, mut broken) = (Vec::new(), false, None);
    for row in rows {
        match store.record_events(std::slice::from_ref(row)).await {
            Ok(()) => taken = true,
            Err(StoreError::Unfit(_)) => refused.push(row),
            Err(error @ StoreError::Database(_)) => {
                refused.push(row);
                broken = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    match broken {
        // The database may be broken, and not the row.
        Some(error) if !taken => Err(error),
        _ => Ok(refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: u32) -> String {
        serde_json::json!({
            "id": format!("019d0000-0000-7000-8000-{n:012}"), "at": 1, "revision": 1, "actor": "a",
            "user_id": null, "door": "personal-key", "key_id": null, "action": "call",
            "kind": "mcp", "subject": "notes", "tenant_id": null, "connection": null,
            "outcome": "answered", "reason": null, "duration_micros": 1, "bytes_in": 1,
            "bytes_out": 1, "request_id": n
        })
        .to_string()
    }

    /// All pieces of a file that holds this.
    fn pieces(bytes: &[u8]) -> Vec<Piece> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let (mut pieces, mut at) = (Vec::new(), 0);
        loop {
            let next = piece(File::open(file.path()).unwrap(), at).unwrap();
            at += next.bytes;
            let last = next.last;
            pieces.push(next);
            if last {
                return pieces;
            }
        }
    }

    #[test]
    fn what_was_torn_is_kept_and_the_rest_is_taken() {
        let torn = &event(3)[..40];
        let text = format!("{}\n{}\n{torn}", event(1), event(2));
        let [only] = &pieces(text.as_bytes())[..] else { panic!() };
        assert_eq!((only.rows.len(), only.unreadable.clone()), (2, vec![torn.as_bytes().to_vec()]));
        // The end of a line may be all that is missing.
        let [only] = &pieces(event(1).as_bytes())[..] else { panic!() };
        assert_eq!((only.rows.len(), only.unreadable.len()), (1, 0));
    }

    #[test]
    fn a_piece_is_bounded_whatever_the_file_holds() {
        let zeros = vec![0; 64 << 20];
        let long = vec![b'x'; 64 << 20];
        let many = format!("{}\n", event(1)).repeat(5_000);
        for (name, filling) in
            [("zeros", &zeros[..]), ("a long line", &long), ("lines", many.as_bytes())]
        {
            let first = format!("{}\n", event(7));
            let text = [first.as_bytes(), filling, b"\n", event(8).as_bytes()].concat();
            let pieces = pieces(&text);
            for piece in &pieces {
                let kept: usize = piece.unreadable.iter().map(Vec::len).sum();
                assert!(
                    piece.rows.len() <= PIECE && kept as u64 <= PIECE_BYTES + (1 << 20),
                    "{name}"
                );
            }
            let rows: usize = pieces.iter().map(|it| it.rows.len()).sum();
            assert!(rows >= 2, "{name}: what stands around it is taken");
            let zeros: u64 = pieces.iter().map(|it| it.zeros).sum();
            assert_eq!(zeros > 0, name == "zeros", "{name}");
        }
    }
}
