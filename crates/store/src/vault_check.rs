use gatehall_domain::Ciphertext;
use gatehall_vault::{Vault, VaultError};
use sqlx::{query, query_scalar};

use crate::{
    Store, StoreError,
    engine::{Transaction, on},
};

const PURPOSE: &str = "vault-check";

impl Store {
    /// Makes sure that this vault is the one whose keys seal this database's credentials, before
    /// anything is sealed with others.
    ///
    /// # Errors
    /// [`StoreError::WrongKeys`] if it is not.
    pub async fn check_vault(&self, vault: &Vault) -> Result<(), StoreError> {
        if let Some(sealed) = self.vault_check().await? {
            let opened = vault.open(PURPOSE, "", &Ciphertext(sealed.into()));
            return opened.map(drop).map_err(StoreError::WrongKeys);
        }
        let sealed = vault.seal(PURPOSE, "", b"gatehall").map_err(StoreError::WrongKeys)?;
        let mut transaction = self.writer.begin_write().await?;
        let inserted = insert(&mut transaction, &sealed.0).await?;
        transaction.commit().await?;
        match inserted {
            1 => Ok(()),
            // Another replica was faster, so the check is against its vault.
            _ => match self.vault_check().await? {
                Some(sealed) => vault
                    .open(PURPOSE, "", &Ciphertext(sealed.into()))
                    .map(drop)
                    .map_err(StoreError::WrongKeys),
                None => Err(StoreError::WrongKeys(VaultError::Damaged)),
            },
        }
    }

    /// Whether a vault has been used with this database.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn is_sealed(&self) -> Result<bool, StoreError> {
        Ok(self.vault_check().await?.is_some())
    }

    async fn vault_check(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(on!(&self.pool, pool =>
            query_scalar("select sealed from vault_check").fetch_optional(pool).await)?)
    }
}

async fn insert(transaction: &mut Transaction, sealed: &[u8]) -> sqlx::Result<u64> {
    on!(transaction, it =>
        query("insert into vault_check (id, sealed) values (1, $1) on conflict do nothing")
        .bind(sealed)
        .execute(&mut **it).await.map(|done| done.rows_affected()))
}
