//! What was set up at Open WebUIs. What it says only whoever sealed it knows.

use gatehall_domain::{Ciphertext, Timestamp};
use sqlx::query;

use crate::{Store, StoreError, engine::on, readable::readable};

impl Store {
    /// What was kept of the Open WebUI at this address.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn open_webui_setup(&self, url: &str) -> Result<Option<Ciphertext>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = on!(&self.pool, pool =>
            query("select sealed from open_webui_setups where url = $1")
                .bind(url)
                .fetch_all(pool).await.map(|rows| readable("open_webui_setups", &rows)))?;
        Ok(rows.into_iter().next().map(|(sealed,)| Ciphertext(sealed.into())))
    }

    /// The addresses of which something is kept, in order.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn open_webui_setups(&self) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String,)> = on!(&self.pool, pool =>
            query("select url from open_webui_setups order by url")
                .fetch_all(pool).await.map(|rows| readable("open_webui_setups", &rows)))?;
        Ok(rows.into_iter().map(|(url,)| url).collect())
    }

    /// Keeps it in place of what was kept before.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn keep_open_webui_setup(
        &self,
        url: &str,
        sealed: &Ciphertext,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            on!(&mut transaction, it => query(
                "insert into open_webui_setups (url, sealed, updated_at) values ($1, $2, $3)
                 on conflict (url) do update set sealed = excluded.sealed,
                    updated_at = excluded.updated_at")
                .bind(url)
                .bind(sealed.0.to_vec())
                .bind(now.micros())
                .execute(&mut **it).await.map(drop))?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Forgets it.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn forget_open_webui_setup(&self, url: &str) -> Result<(), StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            on!(&mut transaction, it => query("delete from open_webui_setups where url = $1")
                .bind(url)
                .execute(&mut **it).await.map(drop))?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}
