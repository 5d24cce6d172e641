//! Files with secrets that the operator placed are left as they are, and said if all can read them.

use std::path::Path;

use crate::{
    files::{is_a_mount, is_read_by_all},
    settings::{StoreSettings, secrets_in},
};

/// Says which files with secrets that the operator placed can be read by all.
pub(crate) fn warn_of_exposed(settings: &StoreSettings, url: &str, keys: &Path, data_dir: &Path) {
    // A file that is mounted alone was handed into a container, where the gate is the only user.
    if is_read_by_all(keys) && !is_a_mount(keys) {
        // On a file system that can be written to, such a file is refused.
        tracing::warn!(
            "the key file {} can be read by every user of this machine: have it mounted with mode \
             0400 (in Kubernetes, defaultMode of the volume)",
            keys.display()
        );
    }
    let database = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    if let Some(database) = database
        && !Path::new(database).starts_with(data_dir)
    {
        for path in ["", "-wal", "-shm"].map(|end| format!("{database}{end}")) {
            if is_read_by_all(Path::new(&path)) {
                tracing::warn!(
                    "the database's file {path} can be read by every user of this machine: run \
                     chmod 600 on it"
                );
            }
        }
    }
    if let Some(file) = &settings.config
        && is_read_by_all(file)
    {
        let secrets = secrets_in(file);
        if !secrets.is_empty() {
            tracing::warn!(
                "the settings file {} holds {} and can be read by every user of this machine: run \
                 chmod 600 on it",
                file.display(),
                secrets.join(" and ")
            );
        }
    }
}
