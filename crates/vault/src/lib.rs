//! Seals and opens secrets. What it holds cannot be logged, shown or serialised.
//!
//! Several keys may be in use: the first seals, all open. AES-256-GCM with a random nonce; the
//! purpose and the owner of a secret are authenticated with it, so that a sealed value cannot be
//! moved to another place.

mod api_key;
mod credential;
mod error;
mod key_file;
mod secret_file;
mod secret_variable;
mod strength;
mod variables;
mod vault;

pub use api_key::{KEY_PREFIX, NewKey, generate_key, parse_key, secret_matches, sign_in_token};
pub use error::VaultError;
pub use key_file::{key_file, load_or_create, load_or_create_secret, new_secret, read_keys};
pub use secret_file::{SecretFileError, load_secret};
pub use secret_variable::SecretVariable;
pub use strength::{LONGEST_SECRET, SHORTEST_SECRET, is_placeholder, weakness};
pub use vault::Vault;
