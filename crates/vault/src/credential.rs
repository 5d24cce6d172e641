use gatehall_domain::{
    Ciphertext, ConnectionId, Credential, Placement, ProviderId, SecretSource, bare,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{LONGEST_SECRET, Vault, VaultError};

const PURPOSE: &str = "credential";
const CLIENT: &str = "client-secret";

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
    /// If it was sealed by another vault or for another place, or the variable is not set or not
    /// one of those that may be read.
    pub fn open_credential(&self, credential: &Credential) -> Result<SecretString, VaultError> {
        let owner = owner(credential.connection, &credential.placement);
        self.open_source(PURPOSE, &owner, &credential.secret)
    }

    /// Seals our secret at an OpenID provider. It opens for this provider only.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn seal_client_secret(
        &self,
        provider: &ProviderId,
        secret: &SecretString,
    ) -> Result<Ciphertext, VaultError> {
        self.seal(CLIENT, provider.as_str(), secret.expose_secret().as_bytes())
    }

    /// Our secret at an OpenID provider, wherever it is kept.
    ///
    /// # Errors
    /// As for [`Vault::open_credential`].
    pub fn open_client_secret(
        &self,
        provider: &ProviderId,
        source: &SecretSource,
    ) -> Result<SecretString, VaultError> {
        self.open_source(CLIENT, provider.as_str(), source)
    }

    fn open_source(
        &self,
        purpose: &str,
        owner: &str,
        source: &SecretSource,
    ) -> Result<SecretString, VaultError> {
        match source {
            SecretSource::Sealed(sealed) => self.open(purpose, owner, sealed),
            SecretSource::Environment(name) => {
                self.may_read(name)?;
                let text = std::env::var(name).map_err(|_| VaultError::NoVariable(name.clone()))?;
                match text.len() <= LONGEST_SECRET {
                    // Files become variables with their marks and line ends.
                    true => Ok(SecretString::from(bare(&text).to_owned())),
                    false => Err(VaultError::TooLong),
                }
            }
        }
    }
}

fn owner(connection: ConnectionId, placement: &Placement) -> String {
    format!("{connection} {placement}")
}
