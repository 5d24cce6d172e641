use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Whether the modes let a user with no other groups than their own execute a file, or enter a
/// folder.
fn may_pass(metadata: &Metadata, uid: u32) -> bool {
    let mode = metadata.mode();
    let class = match (metadata.uid() == uid, metadata.gid() == uid) {
        (true, _) => mode >> 6,
        (false, true) => mode >> 3,
        (false, false) => mode,
    };
    class & 1 == 1
}

/// The first folder above a path, or above what it leads to, that this user may not enter.
pub(super) fn closed_folder(path: &Path, uid: u32) -> Option<PathBuf> {
    let led = fs::canonicalize(path).ok();
    [Some(path), led.as_deref()].into_iter().flatten().find_map(|path| {
        let mut above: Vec<_> = path.ancestors().skip(1).collect();
        above.reverse();
        let closed = |folder: &&Path| fs::metadata(folder).is_ok_and(|it| !may_pass(&it, uid));
        above.into_iter().find(closed).map(Path::to_owned)
    })
}

/// Why this user may not execute the program at this path.
pub(super) fn why_not(program: &Path, uid: u32) -> String {
    if let Some(folder) = closed_folder(program, uid) {
        return format!("uid {uid} may not enter {}", folder.display());
    }
    match fs::metadata(program) {
        Ok(metadata) if !may_pass(&metadata, uid) => {
            format!("uid {uid} may not execute it (mode {:o})", metadata.mode() & 0o7777)
        }
        _ => format!("uid {uid} may not execute it, or what its first line names"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_closed_to_a_user_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let inner = folder.path().join("bin");
        fs::create_dir(&inner).unwrap();
        let program = inner.join("program");
        fs::write(&program, "").unwrap();
        let (own, other) = (fs::metadata(&program).unwrap().uid(), 2_100_000_000);
        mode(&program, 0o700);
        mode(&inner, 0o755);
        mode(folder.path(), 0o700);
        assert!(why_not(&program, other).contains(&format!("{}", folder.path().display())));
        let link = std::env::temp_dir().join(format!("gatehall-reach-{}", std::process::id()));
        std::os::unix::fs::symlink(&program, &link).unwrap();
        assert_eq!(closed_folder(&link, other), closed_folder(&program, other));
        fs::remove_file(&link).unwrap();
        mode(folder.path(), 0o711);
        assert_eq!(closed_folder(&program, other), None);
        assert!(why_not(&program, other).contains("mode 700"));
        mode(&program, 0o755);
        assert!(why_not(&program, other).contains("first line"));
        assert_eq!(closed_folder(&program, own), None);
    }
}
