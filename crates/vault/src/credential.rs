use gatehall_domain::{Ciphertext, ConnectionId, Credential, Placement, SecretSource};
use secrecy::{ExposeSecret, SecretString};

use crate::{Vault, VaultError};

const PURPOSE: &str = "credential";

impl Vault {
    /// Seals the secret of a credential. It opens for this connection and this place only.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn seal_credential(
        &self,
        connection: ConnectionId,
        placement: &Placement,
        secret: &SecretString,
    ) -> Result<Ciphertext, VaultError> {
        self.seal(PURPOSE, &owner(connection, placement), secret.expose_secret().as_bytes())
    }

    /// The secret of a credential, wherever it is kept.
    ///
    /// # Errors
    /// If it was sealed by another vault or for another place, or the variable is not set.
    pub fn open_credential(&self, credential: &Credential) -> Result<SecretString, VaultError> {
        match &credential.secret {
            SecretSource::Sealed(sealed) => {
                self.open(PURPOSE, &owner(credential.connection, &credential.placement), sealed)
            }
            SecretSource::Environment(name) => std::env::var(name)
                .map(SecretString::from)
                .map_err(|_| VaultError::NoVariable(name.clone())),
        }
    }
}

fn owner(connection: ConnectionId, placement: &Placement) -> String {
    format!("{connection} {placement}")
}
