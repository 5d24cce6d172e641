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

use crate::{SecretVariable, VaultError};

const VERSION: u8 = 1;
const NONCE: usize = 12;
const HEAD: usize = 1 + KEY_ID + NONCE;
const KEY_ID: usize = 4;

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

    /// The same vault, which also reads secrets from these variables of the gate.
    #[must_use]
    pub fn reading(self, variables: Vec<SecretVariable>) -> Self {
        let variables = variables.into_iter().filter(|it| !it.is_empty());
        Self { variables: variables.collect(), ..self }
    }

    /// The variables of the gate that secrets may be read from.
    pub fn variables(&self) -> &[SecretVariable] {
        &self.variables
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

pub(crate) fn random_key() -> Result<SecretBox<[u8; 32]>, VaultError> {
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
