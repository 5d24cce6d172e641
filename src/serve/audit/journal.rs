//! The journal: files with a line for each event, each file for one gate at a time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use gatehall_store::{EventRow, Reserve};
use uuid::Uuid;

/// A file of this size is closed and another begun.
const LARGE: u64 = 8 << 20;

/// Bytes of each of the four pieces of the reserve: 2,000 events or more.
const RESERVE: usize = 1 << 20;

/// Where events lie on the disk until the store has them.
pub(super) struct Journal {
    folder: PathBuf,
    /// Whether what is written has to outlive a loss of power.
    durable: bool,
    current: Option<Current>,
    /// Files that could not be written any more.
    given_up: Vec<Closed>,
    reserve: Reserve,
}

/// The file that is written.
struct Current {
    path: PathBuf,
    file: File,
    bytes: u64,
}

/// A file that nobody writes any more, locked against other gates as long as this is there.
pub(super) struct Closed {
    pub(super) path: PathBuf,
    /// Events in it that are not in the store.
    pub(super) waiting: u64,
    _lock: File,
}

/// What of some events was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    All,
    /// Only those that matter most: there is no room for the others.
    Grave,
    Nothing,
}

impl Journal {
    /// Opens the folder, and finds the files that gates left which are no more.
    /// Also says how much lies there that could not be read earlier, which somebody should look at.
    pub(super) fn open(data_dir: &Path, durable: bool) -> io::Result<(Self, Vec<Closed>, u64)> {
        let folder = data_dir.join("audit-journal");
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        // Where earlier versions put events.
        let earlier = folder.join(format!("{}.jsonl", Uuid::now_v7()));
        let _ = fs::rename(data_dir.join("audit-spill.jsonl"), earlier);
        let (mut found, mut aside) = (Vec::new(), 0);
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            if !entry.file_type()?.is_file() {
                continue;
            }
            match path.extension().and_then(|it| it.to_str()) {
                Some("jsonl") => {}
                Some("aside") => {
                    aside += File::open(&path).map_or(1, |file| count_lines(&file));
                    continue;
                }
                Some("unread") => {
                    aside += 1;
                    continue;
                }
                _ => continue,
            }
            match File::open(&path) {
                Ok(file) if file.try_lock().is_ok() => {
                    let waiting = count_lines(&file);
                    found.push(Closed { path, waiting, _lock: file });
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, file = %path.display(), "a journal of the audit cannot be read");
                }
            }
        }
        // Their names begin with the time.
        found.sort_by(|a, b| a.path.cmp(&b.path));
        let reserve = Reserve::new(&folder.join("room"), RESERVE);
        reserve.fill();
        Ok((Self { folder, durable, current: None, given_up: Vec::new(), reserve }, found, aside))
    }

    /// Whether there is room for all events.
    pub(super) fn has_room(&self) -> bool {
        self.reserve.fill()
    }

    /// Tries whether the disk takes anything.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        self.write(b"\n")
    }

    /// Appends events. While there is no room, only grave ones, out of the reserve; `all` makes all
    /// of them grave.
    pub(super) fn append(&mut self, rows: &[EventRow], all: bool) -> (Written, io::Result<()>) {
        let mut result = Err(ErrorKind::StorageFull.into());
        if self.reserve.fill() {
            result = self.write_rows(rows.iter());
            // The file may have a limit of its own, or be damaged: another one is tried.
            if result.is_err() && self.current.is_none() {
                result = self.write_rows(rows.iter());
            }
            match &result {
                Ok(()) => return (Written::All, Ok(())),
                Err(error) if !is_no_room(error) => return (Written::Nothing, result),
                Err(_) => {}
            }
        }
        loop {
            let written = self.write_rows(rows.iter().filter(|row| all || row.is_grave()));
            match written {
                Ok(()) if all => return (Written::All, result),
                Ok(()) => return (Written::Grave, result),
                Err(error) if is_no_room(&error) && self.reserve.release() => result = Err(error),
                Err(error) => return (Written::Nothing, Err(error)),
            }
        }
    }

    fn write_rows<'a>(&mut self, rows: impl Iterator<Item = &'a EventRow>) -> io::Result<()> {
        let mut lines = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut lines, row)?;
            lines.push(b'\n');
        }
        if lines.is_empty() { Ok(()) } else { self.write(&lines) }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let durable = self.durable;
        let current = match &mut self.current {
            Some(current) => current,
            None => {
                let current = begin(&self.folder, durable)?;
                self.current.insert(current)
            }
        };
        let written = current.file.write_all(lines).and_then(|()| match durable {
            true => current.file.sync_data(),
            false => Ok(()),
        });
        match &written {
            Ok(()) => current.bytes += lines.len() as u64,
            Err(error) => {
                // Half a line would spoil the next one.
                let cut = current.file.set_len(current.bytes);
                if cut.is_err() || error.kind() != ErrorKind::StorageFull {
                    let closed = self.close();
                    self.given_up.extend(closed);
                }
            }
        }
        written
    }

    /// The files that could not be written any more since this was asked last.
    pub(super) fn given_up(&mut self) -> Vec<Closed> {
        std::mem::take(&mut self.given_up)
    }

    /// The file that is written now, if there is one.
    pub(super) fn current(&self) -> Option<&Path> {
        self.current.as_ref().map(|it| it.path.as_path())
    }

    /// Whether the file that is written has grown large.
    pub(super) fn is_large(&self) -> bool {
        self.current.as_ref().is_some_and(|it| it.bytes >= LARGE)
    }

    /// Writes to the current file no more.
    pub(super) fn close(&mut self) -> Option<Closed> {
        let Current { path, file, .. } = self.current.take()?;
        Some(Closed { path, waiting: 0, _lock: file })
    }
}

impl Closed {
    /// The store has all of it.
    pub(super) fn remove(self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %self.path.display(), "a journal of the audit stays");
        }
    }
}

fn begin(folder: &Path, durable: bool) -> io::Result<Current> {
    let (path, file) = loop {
        let path = folder.join(format!("{}.jsonl", Uuid::now_v7()));
        let file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(&path)?;
        match file.try_lock() {
            // Another gate found it in between, and takes it for one that was left.
            Err(TryLockError::WouldBlock) => {}
            // Where the file system has no locks, no two gates may share the folder.
            Ok(()) | Err(TryLockError::Error(_)) => break (path, file),
        }
    };
    if durable {
        File::open(folder)?.sync_all()?;
    }
    Ok(Current { path, file, bytes: 0 })
}

/// No line is read that is longer, in bytes: events are much shorter, and what a loss of power left
/// may be as long as the file.
const LONGEST_LINE: u64 = 1 << 20;

/// Reads a line, or as much of it as is bounded, and says how many bytes that were.
pub(super) fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    reader.by_ref().take(LONGEST_LINE).read_until(b'\n', line).map(|bytes| bytes as u64)
}

/// How many lines a file has, as far as it can be read: a disk that cannot says so again and again.
fn count_lines(file: &File) -> u64 {
    let (mut reader, mut line, mut count) = (BufReader::new(file), Vec::new(), 0);
    while read_line(&mut reader, &mut line).is_ok_and(|bytes| bytes > 0) {
        count += 1;
    }
    count
}

fn is_no_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}
