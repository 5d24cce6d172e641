//! Files that hold secrets: made with mode 0600 where there is none, refused if others can read
//! them and that can be changed.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use gatehall_domain::file_text;
use rustix::fs::{StatVfsMountFlags, statvfs};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use crate::{Vault, VaultError, vault::random_key};

/// Loads the vault's keys, one base64 line each, the newest first; makes the file with one key if
/// there is none. Lines that begin with `#` are comments.
///
/// # Errors
/// Whatever keeps the file from being read, written or trusted.
pub fn load_or_create(path: &Path) -> Result<Vault, VaultError> {
    let text = read_or_create(path, || Ok(key_file(None)?.expose_secret().to_owned()))?;
    read_keys(&text)
}

/// What a key file holds: a new key, before those of the file that there is.
///
/// # Errors
/// [`VaultError::Crypto`] if the system has no random numbers.
pub fn key_file(before: Option<&SecretString>) -> Result<SecretString, VaultError> {
    const HEAD: &str = "# Keys of the vault. The first line seals, all lines open.\n";
    let key = random_key()?;
    let rest = before.map(|it| it.expose_secret()).unwrap_or_default();
    let rest = rest.strip_prefix(HEAD).unwrap_or(rest);
    Ok(format!("{HEAD}{}\n{rest}", BASE64_STANDARD.encode(key.expose_secret())).into())
}

/// A secret of 256 random bits in hexadecimal digits, which mean the same in addresses, in files
/// with variables and on command lines.
///
/// # Errors
/// [`VaultError::Crypto`] if the system has no random numbers.
pub fn new_secret() -> Result<SecretString, VaultError> {
    let key = random_key()?;
    let digits = key.expose_secret().iter().map(|byte| format!("{byte:02x}"));
    Ok(digits.collect::<String>().into())
}

/// The vault of a key file's text.
///
/// # Errors
/// Which line is no key, or that there is none.
pub fn read_keys(text: &SecretString) -> Result<Vault, VaultError> {
    let mut keys = Vec::new();
    for (number, line) in text.expose_secret().lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bytes =
            BASE64_STANDARD.decode(line).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or(VaultError::BadLine { line: number + 1 })?;
        keys.push(SecretBox::new(Box::new(bytes)));
    }
    Vault::new(&keys)
}

/// Loads a secret of one line; makes it, of 256 random bits, if there is none.
///
/// # Errors
/// Whatever keeps the file from being read, written or trusted.
pub fn load_or_create_secret(path: &Path) -> Result<SecretString, VaultError> {
    let text = read_or_create(path, || {
        let key = random_key()?;
        Ok(format!("{}\n", BASE64_URL_SAFE_NO_PAD.encode(key.expose_secret())))
    })?;
    match text.expose_secret().trim() {
        "" => Err(VaultError::Empty),
        line => Ok(SecretString::from(line.to_owned())),
    }
}

fn read_or_create(
    path: &Path,
    fresh: impl FnOnce() -> Result<String, VaultError>,
) -> Result<SecretString, VaultError> {
    match create(path, fresh) {
        Err(VaultError::Io(error)) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        other => return other.map(SecretString::from),
    }
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    // A group may read it: that is how orchestrators hand secrets over.
    if mode & 0o037 != 0 && !is_mounted_to_read(path) {
        return Err(VaultError::Exposed { mode });
    }
    let text = file_text(&fs::read(path)?);
    text.map(SecretString::from).ok_or(VaultError::NoText)
}

/// Whether it lies where nobody can change it, its mode included: so do an orchestrator's secrets,
/// which all may read unless it was told otherwise.
pub(crate) fn is_mounted_to_read(path: &Path) -> bool {
    statvfs(path).is_ok_and(|it| it.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Writes a new file under another name and links it into place, so that two programs that start
/// at once agree on one content and nobody reads half of it.
fn create(
    path: &Path,
    fresh: impl FnOnce() -> Result<String, VaultError>,
) -> Result<String, VaultError> {
    if path.try_exists()? {
        return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let text = fresh()?;
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_private_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.keys");
        let sealed = load_or_create(&path).unwrap().seal("credential", "", b"x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(load_or_create(&path).unwrap().open("credential", "", &sealed).is_ok());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load_or_create(&path), Err(VaultError::Exposed { mode: 0o644 })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "# none\nnot a key\n").unwrap();
        assert!(matches!(load_or_create(&path), Err(VaultError::BadLine { line: 2 })));
        fs::write(&path, "\n").unwrap();
        assert!(matches!(load_or_create(&path), Err(VaultError::Empty)));
    }

    #[test]
    fn a_further_key_seals_and_those_before_it_still_open() {
        let old = key_file(None).unwrap();
        let sealed = read_keys(&old).unwrap().seal("credential", "", b"x").unwrap();
        let new = key_file(Some(&old)).unwrap();
        assert_eq!(new.expose_secret().lines().count(), 3);
        let vault = read_keys(&new).unwrap();
        assert!(vault.open("credential", "", &sealed).is_ok());
        let sealed = vault.seal("credential", "", b"x").unwrap();
        assert!(matches!(
            read_keys(&old).unwrap().open("credential", "", &sealed),
            Err(VaultError::UnknownKey)
        ));
        let secret = new_secret().unwrap();
        assert!(
            secret.expose_secret().len() == 64 && crate::weakness(secret.expose_secret()).is_none()
        );
    }

    #[test]
    fn a_secret_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("open-webui.secret");
        let first = load_or_create_secret(&path).unwrap();
        let second = load_or_create_secret(&path).unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert!(first.expose_secret().len() >= 43);
    }
}
