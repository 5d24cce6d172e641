use std::collections::HashSet;

use sqlx::{query, query_scalar};
use uuid::Uuid;

use super::event_row::EventRow;
use crate::{
    Store, StoreError,
    engine::{Transaction, on},
    many_rows::ManyRows,
};

const EVENTS: &str = "insert into audit_events
        (id, at, revision, actor, user_id, door, key_id, action, kind, subject, tenant_id,
         connection, outcome, reason, duration_micros, bytes_in, bytes_out, request_id)";

/// Rows that come from a journal may be there already.
static NEW: ManyRows = ManyRows::new(EVENTS, 18, "on conflict (id) do nothing");

/// The same, and says which were not.
static TELL_NEW: ManyRows = ManyRows::new(EVENTS, 18, "on conflict (id) do nothing returning id");

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
            let new = insert_and_tell(&mut transaction, events).await?;
            let new = events.iter().filter(|event| new.contains(&event.id));
            crate::usage::count(&mut transaction, new).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }
}

/// The statement with these events.
macro_rules! bound {
    ($query:expr, $events:expr) => {{
        let mut insert = $query;
        for event in $events {
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
        insert
    }};
}

/// Inserts events, and says how many were not there.
async fn insert(transaction: &mut Transaction, events: &[EventRow]) -> sqlx::Result<usize> {
    let mut inserted = 0;
    for (text, events) in NEW.statements(transaction, events) {
        inserted += on!(&mut *transaction, it => bound!(query(text), events)
            .execute(&mut **it).await.map(|done| done.rows_affected() as usize))?;
    }
    Ok(inserted)
}

/// Inserts events, and says which were not there.
async fn insert_and_tell(
    transaction: &mut Transaction,
    events: &[EventRow],
) -> sqlx::Result<HashSet<Uuid>> {
    let mut inserted = HashSet::new();
    for (text, events) in TELL_NEW.statements(transaction, events) {
        let new: Vec<Uuid> = on!(&mut *transaction, it => bound!(query_scalar(text), events)
            .fetch_all(&mut **it).await)?;
        inserted.extend(new);
    }
    Ok(inserted)
}
