//! The files in secrets/: which there are, and in what state they are found.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use gatehall_vault::{is_placeholder, load_secret, read_keys, weakness};
use rustix::process::geteuid;
use secrecy::{ExposeSecret, SecretString};

/// The folder they lie in. It is the wall: containers read the files as users of their own.
pub const FOLDER: &str = "secrets";

/// The mode of the folder.
pub const CLOSED: u32 = 0o700;

/// The mode of the files in it.
pub const READ: u32 = 0o444;

/// How a secret comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is made up.
    Random,
    /// It is a file of keys, which are made up.
    Keys,
    /// Somebody says it.
    Said,
}

/// One of the files.
#[derive(Debug)]
pub struct SecretFile {
    /// Its name in the folder.
    pub name: &'static str,
    /// How what is in it comes to be.
    pub kind: Kind,
}

const fn random(name: &'static str) -> SecretFile {
    SecretFile { name, kind: Kind::Random }
}

/// The secret of the gate at the provider.
pub const PROVIDER: &str = "provider_client_secret";
/// The key of the model endpoint.
pub const MODEL: &str = "openai_api_key";
/// The vault's keys.
pub const KEYS: &str = "vault.keys";

/// All of them.
pub const SECRETS: [SecretFile; 13] = [
    random("postgres_password"),
    random("gatehall_database_password"),
    random("open_webui_database_password"),
    random("authentik_database_password"),
    random("valkey_password"),
    random("open_webui_secret_key"),
    random("open_webui_user_secret"),
    random("open_webui_admin_password"),
    random("authentik_secret_key"),
    random("authentik_admin_password"),
    SecretFile { name: PROVIDER, kind: Kind::Said },
    SecretFile { name: MODEL, kind: Kind::Said },
    SecretFile { name: KEYS, kind: Kind::Keys },
];

/// The names of all.
pub fn names() -> impl Iterator<Item = &'static str> {
    SECRETS.iter().map(|it| it.name)
}

/// In what state a file is found.
#[derive(Debug)]
pub enum Found {
    /// It is not there.
    Missing,
    /// It is as it should be.
    There {
        /// What is in it.
        secret: SecretString,
        /// Whether the containers' users may read it.
        is_read: bool,
    },
    /// This is wrong with it, and this is to be done.
    Bad(String),
}

/// What is wrong with the folder, if it is there.
pub fn folder_problem(folder: &Path) -> Option<String> {
    let shown = folder.display();
    let metadata = match fs::metadata(folder) {
        Ok(metadata) => metadata,
        // A link that leads nowhere is there, too.
        Err(_) if folder.symlink_metadata().is_err() => return None,
        Err(error) => return Some(format!("{shown} cannot be entered: {error}")),
    };
    if !metadata.is_dir() {
        return Some(format!("{shown} is no folder: move it away"));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Some(format!(
            "others can enter {shown} (mode {mode:o}), and whoever has an account here may have \
             read what is in it: chmod 700 {shown}, and replace the secrets if that is so \
             (--rotate)"
        ));
    }
    let own = geteuid();
    (metadata.uid() != own.as_raw() && !own.is_root())
        .then(|| format!("{shown} belongs to another user: run this as that user, or as root"))
}

/// The state of a file.
pub fn find(folder: &Path, file: &SecretFile) -> Found {
    let path = folder.join(file.name);
    let shown = path.display();
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        // A link that leads nowhere is there, too, and so may be what this user may not look for.
        Err(error) if is_nowhere(&path, &error) => return Found::Missing,
        Err(error) => return Found::Bad(format!("{shown} cannot be read: {error}")),
    };
    let remedy = "or remove it to have a new one made";
    let secret = match file.kind {
        Kind::Keys => match fs::read_to_string(&path).map(SecretString::from) {
            Ok(text) => match read_keys(&text) {
                Ok(_) => text,
                Err(error) => return Found::Bad(format!("{shown}: {error}")),
            },
            Err(error) => return Found::Bad(format!("{shown} cannot be read: {error}")),
        },
        Kind::Random | Kind::Said => match load_secret(&path) {
            Ok(secret) => secret,
            Err(error) => return Found::Bad(format!("{shown}: {error}, {remedy}")),
        },
    };
    let text = secret.expose_secret();
    let problem = match file.kind {
        Kind::Random => weakness(text),
        Kind::Said if is_placeholder(text) => Some("only stands in for a secret".into()),
        Kind::Said | Kind::Keys => None,
    };
    if let Some(problem) = problem {
        let last =
            if file.kind == Kind::Random { remedy } else { "or remove it to be asked for it" };
        return Found::Bad(format!("what is in {shown} {problem}, {last}"));
    }
    Found::There { secret, is_read: metadata.permissions().mode() & READ == READ }
}

fn is_nowhere(path: &Path, error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound && path.symlink_metadata().is_err()
}

/// What is in a file that is as it should be.
pub fn secret(folder: &Path, name: &str) -> Option<SecretString> {
    match find(folder, SECRETS.iter().find(|it| it.name == name)?) {
        Found::There { secret, .. } => Some(secret),
        Found::Missing | Found::Bad(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_found(name: &str, text: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(CLOSED)).unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(READ)).unwrap();
        match find(folder.path(), SECRETS.iter().find(|it| it.name == name).unwrap()) {
            Found::There { secret, is_read: true } => Ok(secret.expose_secret().to_owned()),
            Found::Bad(problem) => Err(problem),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_secret_is_read_as_it_is_meant() {
        let key = "\u{feff}sk-0aT71LpzRkE5sVdHcMwQ3\r\n";
        assert_eq!(is_found(MODEL, key).unwrap(), "sk-0aT71LpzRkE5sVdHcMwQ3");
        // A word that means something to people does not make it one that can be guessed.
        let word = "Team-Secret-8391-kqzvbwt";
        assert_eq!(is_found("open_webui_user_secret", word).unwrap(), word);
        assert_eq!(is_found(MODEL, "none").unwrap(), "none", "its issuer knows how long it is");
    }

    #[test]
    fn what_is_no_secret_is_told_without_being_shown() {
        for (name, text, says) in [
            ("postgres_password", "kqzvbwt", "too short"),
            ("postgres_password", "changeme-kqzvbwt-8391", "stands in"),
            ("postgres_password", "\n", "empty"),
            (PROVIDER, "<kqzvbwt>", "stands in"),
            (MODEL, "kqzvbwt\nkqzvbwt", "more than one line"),
            (KEYS, "kqzvbwt", "line 1"),
        ] {
            let problem = is_found(name, text).unwrap_err();
            assert!(problem.contains(says) && problem.contains(name), "{problem}");
            assert!(!problem.contains("kqzvbwt"), "{problem}");
        }
    }

    #[test]
    fn what_cannot_be_looked_at_is_not_taken_for_missing() {
        let folder = tempfile::tempdir().unwrap();
        let file = &SECRETS[0];
        assert!(matches!(find(folder.path(), file), Found::Missing));
        let no_folder = folder.path().join("secrets");
        fs::write(&no_folder, "").unwrap();
        let found = find(&no_folder, file);
        assert!(matches!(found, Found::Bad(_)), "{found:?}");
    }
}
