//! Seals and opens secrets. What it holds cannot be logged, shown or serialised.
//!
//! Several keys may be in use: the first seals, all open. AES-256-GCM with a random nonce; the
//! purpose and the owner of a secret are authenticated with it, so that a sealed value cannot be
//! moved to another place.

mod api_key;
mod credential;
mod key_file;
mod secret_file;
mod strength;
mod variables;

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, Salt},
    rand,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gatehall_domain::Ciphertext;
use secrecy::{ExposeSecret, SecretBox, SecretString};

pub use api_key::{KEY_PREFIX, NewKey, generate_key, parse_key, secret_matches, sign_in_token};
pub use credential::LONGEST_SECRET;
pub use key_file::{key_file, load_or_create, load_or_create_secret, new_secret, read_keys};
pub use secret_file::{SecretFileError, load_secret};
pub use strength::{SHORTEST_SECRET, is_placeholder, weakness};
pub use variables::SecretVariable;

const VERSION: u8 = 1;
const NONCE: usize = 12;
const HEAD: usize = 1 + KEY_ID + NONCE;
const KEY_ID: usize = 4;

/// Why something was not sealed, opened or loaded.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The value was sealed with a key that is not in the key file.
    #[error(
        "it was sealed with a key that the key file does not hold: put that key back as a further line"
    )]
    UnknownKey,
    /// The value was changed, or belongs to another place.
    #[error("it is damaged or was sealed for another place")]
    Damaged,
    /// The system's crypto or random source failed.
    #[error("the system's crypto failed")]
    Crypto,
    /// A line of the key file is not a key.
    #[error(
        "line {line} is not 32 bytes in base64: restore the file from a backup, or remove the line"
    )]
    BadLine {
        /// The line, from 1.
        line: usize,
    },
    /// The key file holds no key.
    #[error("it holds no key: restore it from a backup, or remove it to have a new one made")]
    Empty,
    /// Others than the owner can read the key file.
    #[error("others can read it (mode {mode:o}): run chmod 600 on it")]
    Exposed {
        /// The file's permission bits.
        mode: u32,
    },
    /// The gateway's environment lacks a variable.
    #[error("the environment variable {0} is not set for the gateway: set it and start again")]
    NoVariable(String),
    /// Nobody said that a variable holds a secret of a server.
    #[error(
        "the gate may not read the environment variable {0} for it: whoever starts the gate sets \
         GATEHALL_SECRET_VARIABLES={0} (several are separated by commas)"
    )]
    UnknownVariable(String),
    /// A variable holds a setting of Gatehall itself.
    #[error("{0} is a variable of Gatehall itself, which no server gets: use another")]
    OwnVariable(String),
    /// A secret is longer than any server takes.
    #[error("it is longer than {LONGEST_SECRET} bytes")]
    TooLong,
    /// The file holds something else than text.
    #[error("it holds no text: save it as UTF-8")]
    NoText,
    /// The key file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// The keys that seal and open.
pub struct Vault {
    keys: Vec<SealingKey>,
    /// The variables of the gate from which secrets are read.
    variables: Vec<SecretVariable>,
}

struct SealingKey {
    id: [u8; KEY_ID],
    key: RandomizedNonceKey,
    bytes: SecretBox<[u8; 32]>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} keys)", self.keys.len())
    }
}

impl Vault {
    /// A vault with these keys; the first seals.
    ///
    /// # Errors
    /// [`VaultError::Empty`] without a key.
    pub fn new(keys: &[SecretBox<[u8; 32]>]) -> Result<Self, VaultError> {
        let keys: Vec<SealingKey> = keys
            .iter()
            .map(|key| {
                let bytes = key.expose_secret();
                let mut id = [0; KEY_ID];
                id.copy_from_slice(&digest(&SHA256, bytes).as_ref()[..KEY_ID]);
                let key =
                    RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| VaultError::Crypto)?;
                Ok(SealingKey { id, key, bytes: SecretBox::new(Box::new(*bytes)) })
            })
            .collect::<Result<_, VaultError>>()?;
        if keys.is_empty() {
            Err(VaultError::Empty)
        } else {
            Ok(Self { keys, variables: Vec::new() })
        }
    }

    /// A vault with one random key, which ends with the process.
    ///
    /// # Errors
    /// [`VaultError::Crypto`] if the system has no random numbers.
    pub fn ephemeral() -> Result<Self, VaultError> {
        Self::new(&[random_key()?])
    }

    /// Seals `plain` for one `purpose` and `owner`.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn seal(&self, purpose: &str, owner: &str, plain: &[u8]) -> Result<Ciphertext, VaultError> {
        Ok(Ciphertext(self.seal_bytes(purpose, owner, plain)?.into()))
    }

    /// Opens what was sealed for the same purpose and owner.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`] or [`VaultError::Damaged`].
    pub fn open(
        &self,
        purpose: &str,
        owner: &str,
        sealed: &Ciphertext,
    ) -> Result<SecretString, VaultError> {
        let plain = self.open_bytes(purpose, owner, &sealed.0)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| VaultError::Damaged)
    }

    /// Seals into visible ASCII, for ids that travel through a client.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn seal_token(
        &self,
        purpose: &str,
        owner: &str,
        plain: &[u8],
    ) -> Result<String, VaultError> {
        Ok(BASE64_URL_SAFE_NO_PAD.encode(self.seal_bytes(purpose, owner, plain)?))
    }

    /// Opens what [`Vault::seal_token`] made.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`] or [`VaultError::Damaged`].
    pub fn open_token(
        &self,
        purpose: &str,
        owner: &str,
        token: &str,
    ) -> Result<Vec<u8>, VaultError> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| VaultError::Damaged)?;
        self.open_bytes(purpose, owner, &sealed)
    }

    /// A further key for each key of the vault, the newest first, for one purpose: what replicas
    /// that share a key file have in common without another file.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn derive(&self, purpose: &str) -> Result<Vec<SecretBox<[u8; 32]>>, VaultError> {
        let derive = |key: &SealingKey| {
            let salt = Salt::new(HKDF_SHA256, b"gatehall");
            let mut derived = [0; 32];
            salt.extract(key.bytes.expose_secret())
                .expand(&[purpose.as_bytes()], HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut derived))
                .map_err(|_| VaultError::Crypto)?;
            Ok(SecretBox::new(Box::new(derived)))
        };
        self.keys.iter().map(derive).collect()
    }

    fn seal_bytes(&self, purpose: &str, owner: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let SealingKey { id, key, .. } = self.keys.first().ok_or(VaultError::Empty)?;
        let mut body = plain.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(context(purpose, owner)), &mut body)
            .map_err(|_| VaultError::Crypto)?;
        let mut sealed = Vec::with_capacity(HEAD + body.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(id);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut body);
        Ok(sealed)
    }

    fn open_bytes(&self, purpose: &str, owner: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (head, body) = sealed.split_at_checked(HEAD).ok_or(VaultError::Damaged)?;
        let (id, nonce) = head[1..].split_at(KEY_ID);
        if head[0] != VERSION {
            return Err(VaultError::Damaged);
        }
        let found = self.keys.iter().find(|key| key.id == id).ok_or(VaultError::UnknownKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Damaged)?;
        let mut body = body.to_vec();
        let aad = Aad::from(context(purpose, owner));
        let length =
            found.key.open_in_place(nonce, aad, &mut body).map_err(|_| VaultError::Damaged)?.len();
        body.truncate(length);
        Ok(body)
    }
}

/// What is authenticated with a secret. The length keeps purpose and owner apart.
fn context(purpose: &str, owner: &str) -> Vec<u8> {
    let mut context = Vec::with_capacity(purpose.len() + owner.len() + 1);
    context.push(purpose.len() as u8);
    context.extend_from_slice(purpose.as_bytes());
    context.extend_from_slice(owner.as_bytes());
    context
}

fn random_key() -> Result<SecretBox<[u8; 32]>, VaultError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| VaultError::Crypto)?;
    Ok(SecretBox::new(Box::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_for_the_same_place_and_unchanged() {
        let vault = Vault::ephemeral().unwrap();
        let sealed = vault.seal("credential", "google/files", b"s3cret").unwrap();
        assert_eq!(
            vault.open("credential", "google/files", &sealed).unwrap().expose_secret(),
            "s3cret"
        );
        assert!(matches!(
            vault.open("credential", "microsoft/files", &sealed),
            Err(VaultError::Damaged)
        ));
        assert!(matches!(vault.open("session", "google/files", &sealed), Err(VaultError::Damaged)));
        let mut other = sealed.0.to_vec();
        *other.last_mut().unwrap() ^= 1;
        assert!(vault.open("credential", "google/files", &Ciphertext(other.into())).is_err());
        assert!(
            vault.open("credential", "google/files", &Ciphertext(sealed.0[..10].into())).is_err()
        );
        assert!(matches!(
            Vault::ephemeral().unwrap().open("credential", "google/files", &sealed),
            Err(VaultError::UnknownKey)
        ));
        assert!(!format!("{vault:?} {sealed:?}").contains("s3cret"));
    }

    #[test]
    fn an_old_key_still_opens_after_a_new_one_seals() {
        let (old, new) = (random_key().unwrap(), random_key().unwrap());
        let before = Vault::new(std::slice::from_ref(&old))
            .unwrap()
            .seal_token("session", "", b"x")
            .unwrap();
        let both = Vault::new(&[new, old]).unwrap();
        assert_eq!(both.open_token("session", "", &before).unwrap(), b"x");
        let after = both.seal_token("session", "", b"x").unwrap();
        assert_eq!(both.open_token("session", "", &after).unwrap(), b"x");
        assert_ne!(before[..8], after[..8]);
    }
}
