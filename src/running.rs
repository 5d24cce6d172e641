//! Which gates this user runs on this machine, and with which store each: a command that is told
//! of no store finds that of the gate, and makes no empty one beside it. Nothing in here is secret.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::settings::StoreSettings;

/// What a gate says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gate {
    /// Where it listens.
    pub(crate) url: String,
    pub(crate) data_dir: PathBuf,
    /// The database, where it is not the usual one; without its password.
    pub(crate) database: Option<String>,
    /// Whether the database has a password, which has to be given.
    pub(crate) has_password: bool,
    /// The file that holds it, where it is not in the address.
    #[serde(default)]
    pub(crate) database_password_file: Option<PathBuf>,
    pub(crate) vault_keys: Option<PathBuf>,
}

/// The file with it, which is locked and there as long as this is.
#[derive(Debug)]
pub(crate) struct Note {
    path: PathBuf,
    _lock: File,
}

impl Drop for Note {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Notes that a gate runs. Where that cannot be noted, commands have to be told.
pub(crate) fn note(gate: &Gate) -> Option<Note> {
    let folder = folder()?;
    match write(&folder, gate) {
        Ok(note) => Some(note),
        Err(error) => {
            tracing::debug!(%error, folder = %folder.display(), "commands are not told of this gate");
            None
        }
    }
}

fn write(folder: &Path, gate: &Gate) -> io::Result<Note> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let name = Uuid::now_v7();
    let draft = folder.join(format!("{name}.new"));
    let path = folder.join(format!("{name}.json"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    // Whoever finds it unlocked takes it for one of a gate that is no more.
    file.lock()?;
    file.write_all(&serde_json::to_vec(gate)?)?;
    fs::rename(&draft, &path)?;
    Ok(Note { path, _lock: file })
}

/// The gates that run, the oldest first.
pub(crate) fn gates() -> Vec<Gate> {
    folder().map(|it| read(&it)).unwrap_or_default()
}

fn read(folder: &Path) -> Vec<Gate> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "json"));
    // Their names begin with the time.
    paths.sort_unstable();
    let gate = |path: &PathBuf| {
        let mut file = File::open(path).ok()?;
        if file.try_lock_shared().is_ok() {
            let _ = fs::remove_file(path);
            return None;
        }
        let mut text = String::new();
        (&mut file).take(64 << 10).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    };
    paths.iter().filter_map(gate).collect()
}

/// A place that every program of this user finds, whatever it is told.
fn folder() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let state = absolute("XDG_STATE_HOME");
    let state = state.or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("gatehall/running"))
}

impl Gate {
    /// The flags that name its store to a command, as a shell reads them.
    pub(crate) fn flags(&self) -> String {
        let quoted = |path: &Path| gatehall_domain::quoted(&path.display().to_string()).to_string();
        let mut flags = format!("--data-dir {}", quoted(&self.data_dir));
        if let Some(database) = &self.database {
            flags.push_str(" --database ");
            match self.has_password {
                // It stands in the gate's own settings, and not where everybody can read it.
                true => flags.push_str("\"$GATEHALL_DATABASE\""),
                false => flags.push_str(&gatehall_domain::quoted(database)),
            }
        }
        if let Some(file) = &self.database_password_file {
            flags.push_str(&format!(" --database-password-file {}", quoted(file)));
        }
        if let Some(keys) = &self.vault_keys {
            flags.push_str(&format!(" --vault-keys {}", quoted(keys)));
        }
        flags
    }

    /// The settings of a command that works on its store; none if a password is missing.
    pub(crate) fn store(&self, told: &StoreSettings) -> Option<StoreSettings> {
        (!self.has_password).then(|| StoreSettings {
            data_dir: Some(self.data_dir.clone()),
            database: self.database.clone(),
            database_password_file: told
                .database_password_file
                .clone()
                .or_else(|| self.database_password_file.clone()),
            vault_keys: told.vault_keys.clone().or_else(|| self.vault_keys.clone()),
            ..told.clone()
        })
    }

    /// How people are told of it.
    pub(crate) fn line(&self) -> String {
        match (&self.database, self.has_password) {
            (Some(database), true) => {
                format!("{}: {} (the database is {database})", self.url, self.flags())
            }
            _ => format!("{}: {}", self.url, self.flags()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(database: Option<&str>, has_password: bool) -> Gate {
        Gate {
            url: "http://127.0.0.1:8080".into(),
            data_dir: "/srv/gate hall".into(),
            database: database.map(str::to_owned),
            has_password,
            database_password_file: None,
            vault_keys: Some("/run/keys".into()),
        }
    }

    #[test]
    fn a_gate_is_known_as_long_as_it_runs() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/running");
        assert_eq!(read(&folder), []);
        let (one, two) = (gate(None, false), gate(Some("sqlite:/x.db"), false));
        let (first, second) = (write(&folder, &one).unwrap(), write(&folder, &two).unwrap());
        assert_eq!(read(&folder), [one, two.clone()]);
        drop(first);
        assert_eq!(read(&folder), std::slice::from_ref(&two));
        // One that was killed leaves its file behind, which nobody holds.
        let left = folder.join("0.json");
        fs::copy(&second.path, &left).unwrap();
        assert_eq!(read(&folder), [two]);
        assert!(!left.exists());
    }

    #[test]
    fn a_password_is_neither_noted_nor_said() {
        let plain = gate(Some("postgres://gate@db/gatehall"), false);
        assert_eq!(
            plain.flags(),
            "--data-dir '/srv/gate hall' --database postgres://gate@db/gatehall --vault-keys /run/keys"
        );
        let secret = gate(Some("postgres://\u{2026}@db/gatehall"), true);
        assert!(secret.flags().contains("--database \"$GATEHALL_DATABASE\""), "{}", secret.flags());
        assert!(secret.line().contains("@db/gatehall"), "{}", secret.line());
    }
}
