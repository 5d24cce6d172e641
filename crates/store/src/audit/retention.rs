//! Forgetting what is old.

use gatehall_domain::Timestamp;
use sqlx::query;

use crate::{Store, StoreError, engine::on};

/// Events that go at once, so that others can write in between.
const AT_ONCE: i64 = 5_000;

impl Store {
    /// Removes the events before a moment, and says how many they were.
    ///
    /// # Errors
    /// If the database cannot be written; what was removed until then stays removed.
    pub async fn forget_events(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let gone = self
                .write(async {
                    Ok(on!(&self.writer, pool => query(
                        "delete from audit_events where id in
                            (select id from audit_events where at < $1 order by at limit $2)")
                        .bind(before.micros())
                        .bind(AT_ONCE)
                        .execute(pool).await.map(|done| done.rows_affected()))?)
                })
                .await?;
            removed += gone;
            if gone < AT_ONCE as u64 {
                return Ok(removed);
            }
        }
    }
}
