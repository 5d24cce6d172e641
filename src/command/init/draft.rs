//! Files are written whole or not at all: beside their place first, then put there. A program that
//! is killed leaves a draft, which the next one removes.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Makes a file with this mode, unless there is one.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if there is one, whatever is in it.
pub(super) fn make(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let draft = write_draft(path, bytes, mode)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked?;
    keep(path)
}

/// Puts a file with this mode in place of the one that is there.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    fs::rename(write_draft(path, bytes, mode)?, path)?;
    keep(path)
}

/// Removes a draft that a killed program left.
pub(super) fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_file(draft_of(path)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a folder with this mode, if there is none.
pub(super) fn folder(path: &Path, mode: u32) -> io::Result<()> {
    match DirBuilder::new().mode(mode).create(path) {
        // The mask of the one who runs this may have taken away what containers need.
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// It is its owner's alone until it is whole.
fn write_draft(path: &Path, bytes: &[u8], mode: u32) -> io::Result<PathBuf> {
    clear(path)?;
    let draft = draft_of(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| file.sync_all());
    if let Err(error) = written {
        // On a full disk half of it is of no use.
        clear(path)?;
        return Err(error);
    }
    Ok(draft)
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// What was put there outlives a loss of power.
fn keep(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_and_a_draft_that_was_left_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(draft_of(&path), "half").unwrap();
        make(&path, b"whole", 0o444).unwrap();
        assert_eq!(make(&path, b"other", 0o444).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o444);
        replace(&path, b"new", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        // One that points elsewhere is something, too.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/no/such/file", &link).unwrap();
        assert_eq!(make(&link, b"x", 0o444).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
}
