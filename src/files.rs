//! Files that nobody else is to read. What lies in the data folder is made so.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

/// How the names of what the gate keeps in its data folder begin.
const OURS: [&str; 4] = ["gatehall.", "audit-", "vault.", "open-webui."];

/// These are refused when others can read them, since then they are no secrets any more.
const SECRETS: [&str; 2] = ["vault.", "open-webui."];

const STICKY: u32 = 0o1000;

/// Takes from others what they may do with the data folder and what the gate keeps in it.
pub(crate) fn narrow(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut all_ours = true;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let begins = |names: &[&str]| {
            names.iter().any(|begin| name.as_encoded_bytes().starts_with(begin.as_bytes()))
        };
        if !begins(&OURS) {
            all_ours &= name == "lost+found";
        } else if !begins(&SECRETS) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            close(&entry.path(), 0o600);
        }
    }
    let Ok(metadata) = fs::metadata(folder) else { return };
    // A folder that is not the gate's alone, such as /tmp, others may need.
    if all_ours && metadata.mode() & STICKY == 0 {
        close(folder, 0o700);
    } else if metadata.mode() & 0o007 != 0 {
        tracing::warn!(
            "the data folder {} is open to others (mode {:o}) and holds what is not the gate's: \
             choose one of its own with --data-dir, or run chmod 700 on it",
            folder.display(),
            metadata.mode() & 0o7777
        );
    }
}

/// Takes from everybody but the owner what they may do with it.
fn close(path: &Path, mode: u32) {
    let open = |path| fs::metadata(path).is_ok_and(|it: fs::Metadata| it.mode() & 0o077 != 0);
    if !open(path) {
        return;
    }
    let closed = fs::set_permissions(path, Permissions::from_mode(mode));
    if let Err(error) = closed {
        tracing::warn!(
            "others may use {}, and it cannot be closed to them ({error}): run chmod {mode:o} on \
             it as its owner",
            path.display()
        );
    } else if open(path) {
        tracing::warn!(
            "others may use {}: its file system keeps no modes, so every process of this machine \
             reads it. Choose another folder with --data-dir",
            path.display()
        );
    }
}

/// Whether every user of the machine can read a file.
pub(crate) fn is_read_by_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|it| it.mode() & 0o004 != 0)
}

/// Whether something is mounted just there.
pub(crate) fn is_a_mount(path: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|it| it.dev()).ok();
    let parent = path.parent().and_then(device);
    parent.is_some() && device(path) != parent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn folder_with(names: &[&str], of: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
            fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o666)).unwrap();
        }
        fs::set_permissions(folder.path(), Permissions::from_mode(of)).unwrap();
        folder
    }

    #[test]
    fn the_gates_own_files_are_closed_and_secrets_left_to_be_refused() {
        let names = ["gatehall.db", "gatehall.db-wal", "gatehall.db-shm", "audit-spill.jsonl"];
        let folder = folder_with(&[&names[..], &["vault.keys"]].concat(), 0o755);
        narrow(folder.path());
        assert_eq!(mode(folder.path()), 0o700);
        assert!(names.iter().all(|name| mode(&folder.path().join(name)) == 0o600));
        assert_eq!(mode(&folder.path().join("vault.keys")), 0o666);
    }

    #[test]
    fn a_mount_is_known() {
        let folder = folder_with(&["vault.keys"], 0o700);
        assert!(is_a_mount(Path::new("/proc")) && !is_a_mount(&folder.path().join("vault.keys")));
    }

    #[test]
    fn what_is_not_the_gates_stays_as_it_is() {
        let folder = folder_with(&["gatehall.db", "index.html"], 0o755);
        narrow(folder.path());
        assert_eq!(mode(folder.path()), 0o755);
        assert_eq!(mode(&folder.path().join("index.html")), 0o666);
        assert_eq!(mode(&folder.path().join("gatehall.db")), 0o600);
        let shared = folder_with(&[], 0o1777);
        narrow(shared.path());
        assert_eq!(mode(shared.path()), 0o1777);
        let elsewhere = folder_with(&["theirs"], 0o755);
        let folder = folder_with(&[], 0o700);
        let link = folder.path().join("gatehall.db");
        std::os::unix::fs::symlink(elsewhere.path().join("theirs"), link).unwrap();
        narrow(folder.path());
        assert_eq!(mode(&elsewhere.path().join("theirs")), 0o666);
    }
}
