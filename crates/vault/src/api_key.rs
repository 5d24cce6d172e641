//! API keys: `ghk_<id>_<secret>`. The secret has 256 random bits, so a plain SHA-256 of it is safe
//! to store, and checking one costs a hash.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
    rand,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gatehall_domain::{Digest, KeyId};
use secrecy::SecretString;

use crate::VaultError;

/// What every key begins with.
pub const KEY_PREFIX: &str = "ghk_";

/// A key that was just made. Its text is shown once and kept nowhere.
#[derive(Debug)]
pub struct NewKey {
    /// The public half.
    pub id: KeyId,
    /// What is stored of the secret half.
    pub digest: Digest,
    /// The whole key.
    pub text: SecretString,
}

/// Makes a key.
///
/// # Errors
/// [`VaultError::Crypto`] if the system has no random numbers.
pub fn generate_key() -> Result<NewKey, VaultError> {
    let mut bytes = [0; 40];
    rand::fill(&mut bytes).map_err(|_| VaultError::Crypto)?;
    let id: String = bytes[32..].iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = BASE64_URL_SAFE_NO_PAD.encode(&bytes[..32]);
    Ok(NewKey {
        text: SecretString::from(format!("{KEY_PREFIX}{id}_{secret}")),
        digest: digest_of(&secret),
        id: id.parse().map_err(|_| VaultError::Crypto)?,
    })
}

/// What a link that signs in once holds, and what is stored of it.
///
/// # Errors
/// [`VaultError::Crypto`] if the system has no random numbers.
pub fn sign_in_token() -> Result<(SecretString, Digest), VaultError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| VaultError::Crypto)?;
    let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let digest = digest_of(&text);
    Ok((SecretString::from(text), digest))
}

/// Splits a key into its public and its secret half. None if it does not look like a key.
pub fn parse_key(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(KEY_PREFIX)?.split_once('_')
}

/// Whether a secret is the one the digest was made of; takes the same time either way.
pub fn secret_matches(secret: &str, digest: &Digest) -> bool {
    verify_slices_are_equal(&digest_of(secret).0, &digest.0).is_ok()
}

fn digest_of(secret: &str) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    Digest(bytes)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_key_opens_with_its_own_secret_only() {
        let (one, two) = (generate_key().unwrap(), generate_key().unwrap());
        let (id, secret) = parse_key(one.text.expose_secret()).unwrap();
        assert_eq!(id, one.id.as_str());
        assert!(secret_matches(secret, &one.digest));
        assert!(!secret_matches(secret, &two.digest));
        assert!(!secret_matches("", &one.digest));
        for odd in ["", "ghk_", "ghk_abc", "sk-1", "xghk_a_b"] {
            assert!(
                parse_key(odd).is_none_or(|(id, secret)| id.is_empty() || secret.is_empty()),
                "{odd}"
            );
        }
    }
}
