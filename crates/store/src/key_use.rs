use std::collections::HashMap;

use gatehall_domain::{KeyId, Timestamp};
use sqlx::query;

use crate::{Store, StoreError, engine::on, many_rows::ManyRows, readable::readable};

static USES: ManyRows = ManyRows::new(
    "insert into api_key_uses (key_id, last_used_at)",
    2,
    "on conflict (key_id) do update set last_used_at = excluded.last_used_at
     where excluded.last_used_at > api_key_uses.last_used_at",
);

impl Store {
    /// Keeps when keys were last used.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_key_uses(
        &self,
        uses: &HashMap<KeyId, Timestamp>,
    ) -> Result<(), StoreError> {
        // In one order at all gates, so that none waits for another that waits for it.
        let mut uses: Vec<_> = uses.iter().collect();
        uses.sort();
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            for (text, uses) in USES.statements(&transaction, &uses) {
                on!(&mut transaction, it => {
                    let mut insert = query(text);
                    for (key, at) in uses {
                        insert = insert.bind(key.as_str()).bind(at.micros());
                    }
                    insert.execute(&mut **it).await.map(drop)
                })?;
            }
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// When keys were last used; a key that never was is not in it.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn key_uses(&self) -> Result<HashMap<KeyId, Timestamp>, StoreError> {
        let rows: Vec<(String, i64)> = on!(&self.pool, pool =>
            query("select key_id, last_used_at from api_key_uses")
                .fetch_all(pool).await.map(|rows| readable("api_key_uses", &rows)))?;
        let read = |(key, at): (String, i64)| Some((key.parse().ok()?, Timestamp::from_micros(at)));
        Ok(rows.into_iter().filter_map(read).collect())
    }
}
