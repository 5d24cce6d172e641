//! When sessions were last used.

use gatehall_domain::{Digest, Timestamp};
use sqlx::query;

use crate::{
    Store, StoreError, engine::on, many_rows::ManyRows, readable::readable, sessions::digest,
};

/// So many uses are one transaction: others have to write, too.
const AT_ONCE: usize = 1024;

static USES: ManyRows = ManyRows::new(
    "with used (id, seen_at) as (",
    2,
    ") update sessions set seen_at = used.seen_at from used
     where sessions.id = used.id and sessions.seen_at < used.seen_at",
);

impl Store {
    /// Keeps when sessions were last used, and forgets those that have long expired.
    ///
    /// # Errors
    /// If the database cannot be written; perhaps some uses are kept then.
    pub async fn record_session_uses(
        &self,
        uses: &[(Digest, Timestamp)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for uses in uses.chunks(AT_ONCE) {
            self.write(async {
                let mut transaction = self.writer.begin_write().await?;
                for (text, uses) in USES.statements(&transaction, uses) {
                    on!(&mut transaction, it => {
                        let mut update = query(text);
                        for (id, at) in uses {
                            update = update.bind(id.0.as_slice()).bind(at.micros());
                        }
                        update.execute(&mut **it).await.map(drop)
                    })?;
                }
                Ok(transaction.commit().await?)
            })
            .await?;
        }
        self.forget_sessions(now.plus_seconds(-7 * 24 * 3600)).await
    }

    /// Forgets sessions that expired before.
    async fn forget_sessions(&self, before: Timestamp) -> Result<(), StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            on!(&mut transaction, it => query("delete from sessions where expires_at < $1")
                .bind(before.micros())
                .execute(&mut **it).await.map(drop))?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// Which sessions were used at `since` or later, and when.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn session_uses(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(Digest, Timestamp)>, StoreError> {
        let rows: Vec<(Vec<u8>, i64)> = on!(&self.pool, pool => query(
            "select id, seen_at from sessions where seen_at >= $1")
            .bind(since.micros())
            .fetch_all(pool).await.map(|rows| readable("sessions", &rows)))?;
        let read = |(id, at)| Some((digest(id).ok()?, Timestamp::from_micros(at)));
        Ok(rows.into_iter().filter_map(read).collect())
    }
}
