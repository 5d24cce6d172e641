//! Who may read the secrets. The folder is the wall on this machine: within it the files are open,
//! since a container reads those that are mounted into it as a user of its own.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use gatehall_compose_folder::{
    chat_env,
    secret_files::{READ, folder_problem, names},
};
use gatehall_domain::Finding;

use super::compose_folder::INIT;

const OTHERS: u32 = 0o077;

/// Read by Compose alone, and not mounted.
const OF_COMPOSE: &str = chat_env::NAME;

pub(super) fn judge(secrets: &Path, report: &mut Vec<Finding>) {
    const NAME: &str = "modes of the secrets";
    if !secrets.exists() {
        return report.push(Finding::bad(
            NAME,
            format!("{} is not there", secrets.display()),
            INIT,
        ));
    }
    let mut good = true;
    if let Some(problem) = folder_problem(secrets) {
        good = false;
        report.push(Finding::bad(NAME, problem, "do so, and run the doctor again"));
    }
    let entries = match fs::read_dir(secrets) {
        Ok(entries) => entries,
        Err(error) => {
            let remedy = "run the doctor as the owner of the folder";
            return report.push(Finding::unknown(
                NAME,
                format!("the folder cannot be read: {error}"),
                remedy,
            ));
        }
    };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        let (name, mode) =
            (entry.file_name().to_string_lossy().into_owned(), metadata.permissions().mode());
        if !metadata.is_file() || name.starts_with('.') {
            continue;
        }
        let shown = mode & 0o777;
        if name == OF_COMPOSE && mode & OTHERS != 0 {
            good = false;
            report.push(Finding::doubtful(
                NAME,
                format!("{name} can be read by others (mode {shown:o})"),
                format!("chmod 600 {}", entry.path().display()),
            ));
        } else if names().any(|it| it == name) && mode & READ != READ {
            good = false;
            report.push(Finding::bad(
                NAME,
                format!(
                    "{name} cannot be read by the programs in containers, which have users of \
                     their own (mode {shown:o})"
                ),
                format!("chmod 444 {}", entry.path().display()),
            ));
        }
    }
    if good {
        report.push(Finding::good(
            NAME,
            "the folder is its owner's alone, and containers can read the files",
        ));
    }
}
