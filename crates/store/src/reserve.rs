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
/// How long what was given away is left to those whom it was given to.
const LEAVE: Duration = Duration::from_secs(3);

/// When a piece was given away last. Which reserves of this process lie on one disk is not known, so
/// that all of them wait.
static RELEASED: Mutex<Option<Instant>> = Mutex::new(None);

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
        self.named(&number.to_string())
    }

    fn named(&self, end: &str) -> PathBuf {
        let mut name = self.beside.clone().into_os_string();
        name.push(format!("-reserve-{end}"));
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
        if looked.is_some_and(|at| at.elapsed() < LOOK) || self.was_just_released() {
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

    /// Whether a piece was given away so lately that it may not be used yet: by this process, or by
    /// another one that shares the reserve.
    fn was_just_released(&self) -> bool {
        let released = *RELEASED.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = || {
            let at = fs::metadata(self.named("used")).and_then(|it| it.modified());
            // A clock that was set back would else keep the reserve from being made whole.
            at.is_ok_and(|at| at.elapsed().is_ok_and(|ago| ago < LEAVE))
        };
        released.is_some_and(|at| at.elapsed() < LEAVE) || shared()
    }

    /// Gives a piece away, which is not taken back at once. False if none is left.
    pub fn release(&self) -> bool {
        // Nobody makes the reserve whole meanwhile.
        let _looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = |number| fs::remove_file(self.piece(number)).is_ok();
        let released = (0..PIECES).rev().any(gone);
        if released {
            *RELEASED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            // An empty file; when it was made is what counts. Where it cannot be made, other programs
            // do not wait.
            let used = self.named("used");
            let _ = fs::remove_file(&used);
            let _ = File::options().write(true).create_new(true).mode(0o600).open(used);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_away_is_not_taken_back_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("it");
        let reserve = Reserve::new(&beside, 4096);
        assert!(reserve.fill());
        assert!(reserve.release());
        // Neither by this one, nor by another program, nor by another reserve on the same disk.
        assert!(!reserve.fill(), "it was taken back");
        assert!(!Reserve::new(&beside, 4096).fill(), "another program took it");
        assert!(
            !Reserve::new(&folder.path().join("other"), 4096).fill(),
            "another reserve took it"
        );
        assert!(reserve.release(), "three pieces are left");
    }
}
