//! Who may read the secrets. The folder is the wall on this machine: within it the files are open,
//! since a container reads those that are mounted into it as a user of its own.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use super::INIT;
use crate::report::Report;

const OTHERS: u32 = 0o077;

const READ_BY_ALL: u32 = 0o444;

/// Read by Compose alone, and not mounted.
const OF_COMPOSE: &str = "open-webui.env";

pub(super) fn judge(folder: &Path, report: &mut Report) {
    const NAME: &str = "modes of the secrets";
    let secrets = folder.join("secrets");
    let Ok(it) = fs::metadata(&secrets) else {
        return report.bad(NAME, format!("{} is not there", secrets.display()), INIT);
    };
    let mut good = true;
    if it.mode() & OTHERS != 0 {
        good = false;
        report.bad(
            NAME,
            format!(
                "every user of this machine may enter {} (mode {:o})",
                secrets.display(),
                it.mode() & 0o777
            ),
            format!("chmod 700 {}", secrets.display()),
        );
    }
    let entries = match fs::read_dir(&secrets) {
        Ok(entries) => entries,
        Err(error) => {
            let remedy = "run the doctor as the owner of the folder";
            return report.unknown(NAME, format!("the folder cannot be read: {error}"), remedy);
        }
    };
    let mut names: Vec<_> = entries.flatten().collect();
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        let (name, mode) =
            (entry.file_name().to_string_lossy().into_owned(), metadata.permissions().mode());
        if !metadata.is_file() || name.starts_with('.') {
            continue;
        }
        let shown = mode & 0o777;
        if name == OF_COMPOSE && mode & OTHERS != 0 {
            good = false;
            report.doubtful(
                NAME,
                format!("{name} can be read by others (mode {shown:o})"),
                format!("chmod 600 {}", entry.path().display()),
            );
        } else if name != OF_COMPOSE && mode & READ_BY_ALL != READ_BY_ALL {
            good = false;
            report.bad(
                NAME,
                format!(
                    "{name} cannot be read by the programs in containers, which have users of \
                     their own (mode {shown:o})"
                ),
                format!("chmod 444 {}", entry.path().display()),
            );
        }
    }
    if good {
        report.good(NAME, "the folder is its owner's alone, and containers can read the files");
    }
}
