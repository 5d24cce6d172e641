//! One run at a time works on a folder, from its first look to its last word: what it writes is
//! made of what it saw.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use anyhow::{Context, Result};

use crate::output::error;

/// Holds a folder until this is dropped, or the program ends.
pub(super) struct Held {
    _lock: File,
}

/// Waits until no other run works on a folder. There is nothing to hold where there is none.
///
/// # Errors
/// If it cannot be locked.
pub(super) fn hold(folder: &Path) -> Result<Option<Held>> {
    // What else may be there, whoever looks at it says.
    if !folder.is_dir() {
        return Ok(None);
    }
    let wrong = || format!("{} cannot be locked", folder.display());
    let lock = File::open(folder).with_context(wrong)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            error("Another run works on this folder; this one goes on when that has ended.");
            lock.lock().with_context(wrong)?;
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(wrong),
    }
    Ok(Some(Held { _lock: lock }))
}
