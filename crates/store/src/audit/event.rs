use sqlx::query;

use super::{event_row::EventRow, inserts::Inserts};
use crate::{
    Store, StoreError,
    engine::{Transaction, on},
};

static EVENTS: Inserts = Inserts::new(
    "insert into audit_events
        (id, at, revision, actor, user_id, door, key_id, action, kind, subject, tenant_id,
         connection, outcome, reason, duration_micros, bytes_in, bytes_out, request_id)",
    18,
    // Rows that come from a journal may be there already.
    "on conflict (id) do nothing",
);

impl Store {
    /// Keeps events in the audit. Those that are there already, since an earlier attempt ended in
    /// an error after all was kept, are neither kept nor counted twice.
    ///
    /// # Errors
    /// If the database cannot be written; then none of them was kept, as far as is known.
    pub async fn record_events(&self, events: &[EventRow]) -> Result<(), StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            if insert(&mut transaction, events).await? == events.len() {
                crate::usage::count(&mut transaction, events.iter()).await?;
                return Ok(transaction.commit().await?);
            }
            transaction.roll_back().await;
            let mut transaction = self.writer.begin_write().await?;
            let mut new = Vec::new();
            for event in events {
                if insert(&mut transaction, std::slice::from_ref(event)).await? == 1 {
                    new.push(event);
                }
            }
            crate::usage::count(&mut transaction, new.into_iter()).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }
}

/// Inserts events, and says how many were not there.
async fn insert(transaction: &mut Transaction, events: &[EventRow]) -> sqlx::Result<usize> {
    let mut left = events;
    let mut inserted = 0;
    while !left.is_empty() {
        let (count, text) = EVENTS.for_rows(left.len(), transaction);
        let (events, rest) = left.split_at(count);
        inserted += on!(&mut *transaction, it => {
            let mut insert = query(text);
            for event in events {
                insert = insert
                    .bind(event.id)
                    .bind(event.at)
                    .bind(event.revision as i64)
                    .bind(event.actor.as_str())
                    .bind(event.user_id)
                    .bind(event.door.as_str())
                    .bind(event.key_id.as_deref())
                    .bind(event.action.as_str())
                    .bind(event.kind.as_str())
                    .bind(event.subject.as_str())
                    .bind(event.tenant_id.as_deref())
                    .bind(event.connection.as_deref())
                    .bind(event.outcome.as_str())
                    .bind(event.reason.as_deref())
                    .bind(event.duration_micros as i64)
                    .bind(event.bytes_in as i64)
                    .bind(event.bytes_out as i64)
                    .bind(event.request_id as i64);
            }
            insert.execute(&mut **it).await.map(|done| done.rows_affected() as usize)
        })?;
        left = rest;
    }
    Ok(inserted)
}
