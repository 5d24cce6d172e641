//! Room that is kept for when the disk is full.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How many pieces there are; each is given away at once.
const PIECES: usize = 4;
/// How often it is tried to make the reserve whole again.
const LOOK: Duration = Duration::from_secs(1);

/// Files that take room until it is needed by what must not fail, and by nothing else. All programs
/// that name the same path share them.
#[derive(Debug)]
pub struct Reserve {
    beside: PathBuf,
    bytes: usize,
    looked: Mutex<Option<Instant>>,
}

impl Reserve {
    /// A reserve beside this path, of four pieces with so many bytes each. Nothing is done yet.
    pub fn new(beside: &Path, bytes: usize) -> Self {
        Self { beside: beside.to_owned(), bytes, looked: Mutex::default() }
    }

    fn piece(&self, number: usize) -> PathBuf {
        let mut name = self.beside.clone().into_os_string();
        name.push(format!("-reserve-{number}"));
        name.into()
    }

    /// Makes the reserve whole if some of it was given away, and says whether there is room. As long
    /// as there is none, only what may use the reserve is to be written, so that nothing else takes
    /// what is left.
    pub fn fill(&self) -> bool {
        // The last piece goes first and comes back last.
        if self.piece(PIECES - 1).exists() {
            return true;
        }
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|at| at.elapsed() < LOOK) {
            return false;
        }
        for number in 0..PIECES {
            // Whatever else is wrong with the folder, writing itself will say.
            if let Err(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) = self.make(number) {
                *looked = Some(Instant::now());
                return false;
            }
        }
        *looked = None;
        true
    }

    fn make(&self, number: usize) -> Result<(), ErrorKind> {
        let path = self.piece(number);
        let mut file = match File::options().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(error.kind()),
            Ok(file) => file,
        };
        file.write_all(&noise(self.bytes)).map_err(|error| {
            let _ = fs::remove_file(&path);
            error.kind()
        })
    }

    /// Gives a piece away. False if none is left.
    pub fn release(&self) -> bool {
        let gone = |number| fs::remove_file(self.piece(number)).is_ok();
        let released = (0..PIECES).rev().any(gone);
        if released {
            let beside = self.beside.display();
            tracing::warn!(%beside, "the disk is full: a part of the reserve is used");
        }
        released
    }
}

/// Bytes that no file system makes smaller.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).take(bytes / 8).flatten().collect()
}
