//! Brings what lies in journals into the store, piece by piece.

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
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
        if let Err(error) = fs::rename(&self.file.path, self.file.path.with_extension("unread")) {
            self.tell(&error);
        }
    }
}

struct Piece {
    rows: Vec<EventRow>,
    unreadable: Vec<Vec<u8>>,
    bytes: u64,
    last: bool,
}

fn piece(mut file: File, at: u64) -> io::Result<Piece> {
    file.seek(SeekFrom::Start(at))?;
    let mut reader = BufReader::new(file);
    let mut piece = Piece { rows: Vec::new(), unreadable: Vec::new(), bytes: 0, last: false };
    for _ in 0..PIECE {
        let mut line = Vec::new();
        let bytes = reader.read_until(b'\n', &mut line)?;
        if bytes == 0 {
            piece.last = true;
            break;
        }
        piece.bytes += bytes as u64;
        match serde_json::from_slice(&line) {
            Ok(row) => piece.rows.push(row),
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(_) => piece.unreadable.push(line),
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
