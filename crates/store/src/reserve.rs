//! Room that is kept for when the disk is full.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::StoreError;

/// How many pieces there are; each is given away at once.
const PIECES: usize = 4;
/// Bytes of a piece. Disabling a user takes about 80,000.
const BYTES: usize = 256 << 10;
/// How often it is tried to make the reserve whole again.
const LOOK: Duration = Duration::from_secs(1);

/// Files beside the database that take room until it is needed: by changes that take rights away,
/// and by nothing else. All programs that use the database share them.
#[derive(Debug)]
pub(crate) struct Reserve {
    /// The path of the database.
    beside: PathBuf,
    looked: Mutex<Option<Instant>>,
}

impl Reserve {
    pub(crate) fn new(database: &Path) -> Self {
        Self { beside: database.to_owned(), looked: Mutex::default() }
    }

    fn piece(&self, number: usize) -> PathBuf {
        let mut name = self.beside.clone().into_os_string();
        name.push(format!("-reserve-{number}"));
        name.into()
    }

    /// Makes the reserve whole if some of it was given away. As long as that fails, only what may
    /// use the reserve is written, so that nothing else takes the room.
    pub(crate) fn fill(&self) -> Result<(), StoreError> {
        // The last piece goes first and comes back last.
        if self.piece(PIECES - 1).exists() {
            return Ok(());
        }
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|at| at.elapsed() < LOOK) {
            return Err(StoreError::Full);
        }
        for number in 0..PIECES {
            match self.make(number) {
                Err(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                    *looked = Some(Instant::now());
                    return Err(StoreError::Full);
                }
                // Whatever else is wrong with the folder, writing itself will say.
                Ok(()) | Err(_) => {}
            }
        }
        *looked = None;
        Ok(())
    }

    fn make(&self, number: usize) -> Result<(), ErrorKind> {
        let path = self.piece(number);
        let mut file = match File::options().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(error.kind()),
            Ok(file) => file,
        };
        file.write_all(&noise()).map_err(|error| {
            let _ = fs::remove_file(&path);
            error.kind()
        })
    }

    /// Gives a piece away. False if none is left.
    pub(crate) fn release(&self) -> bool {
        let gone = |number| fs::remove_file(self.piece(number)).is_ok();
        let released = (0..PIECES).rev().any(gone);
        if released {
            tracing::warn!("the disk is full: a part of the reserve was given to a change");
        }
        released
    }
}

/// Bytes that no file system makes smaller.
fn noise() -> Vec<u8> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).take(BYTES / 8).flatten().collect()
}
