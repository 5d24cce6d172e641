//! The company as others have changed it, at the cost of what they changed.

use std::sync::Arc;

use gatehall_domain::{Change, Snapshot};
use sqlx::{FromRow, query, query_scalar};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::change,
    engine::{Transaction, on},
};

/// So many changes are followed one by one; of more, loading everything is cheaper.
const MOST: usize = 5_000;

impl Store {
    /// The company at its newest revision. What was changed since `known` is read from the audit;
    /// where that does not tell all, as of what a script wrote, or the database has gone back in
    /// between, as after a restore, everything is loaded.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn newest(&self, known: &Arc<Snapshot>) -> Result<Arc<Snapshot>, StoreError> {
        let mut transaction = self.pool.begin_read().await?;
        let number: i64 = on!(&mut transaction, it =>
            query_scalar("select number from revision").fetch_one(&mut **it).await)?;
        let newest = number as u64;
        if newest == known.revision() {
            transaction.commit().await?;
            return Ok(Arc::clone(known));
        }
        let changes = match self.marks.of(known.revision()) {
            Some(mark) => changes_since((known.revision(), mark), newest, &mut transaction).await?,
            None => None,
        };
        transaction.commit().await?;
        let followed = changes.and_then(|since| Some((follow(known, newest, &since)?, since.last)));
        match followed {
            Some((snapshot, last)) => {
                self.marks.note(newest, last);
                Ok(Arc::new(snapshot))
            }
            None => Ok(Arc::new(self.load().await?)),
        }
    }
}

/// What the audit tells of a time.
struct Since {
    changes: Vec<Change>,
    /// The last event.
    last: Uuid,
}

/// What made each revision after the known one, whose last event is known, up to `newest`, in order.
/// None if the audit does not tell all of it.
async fn changes_since(
    (known, mark): (u64, Uuid),
    newest: u64,
    transaction: &mut Transaction,
) -> Result<Option<Since>, StoreError> {
    let revisions = newest.saturating_sub(known) as usize;
    if revisions == 0 || revisions > MOST {
        return Ok(None);
    }
    type Row = (i64, Uuid, Option<String>, Option<String>, Option<Vec<u8>>, Option<Vec<u8>>);
    // Of a row that cannot be read nobody knows what it changed.
    let rows: Option<Vec<Row>> = on!(transaction, it => query(
        "select revision, id, before, after, secret_before, secret_after from audit_events
         where revision > $1 and outcome = 'changed'
           and exists (select 1 from audit_events where id = $2 and revision = $1)
         order by revision, id limit $3")
        .bind(known as i64)
        .bind(mark)
        .bind(MOST as i64 + 1)
        .fetch_all(&mut **it).await
        .map(|rows| rows.iter().map(|row| Row::from_row(row).ok()).collect()))?;
    let Some(rows) = rows.filter(|rows| rows.len() <= MOST) else { return Ok(None) };
    // A revision without events is one that a script made.
    let told = rows.chunk_by(|a, b| a.0 == b.0).count();
    if told != revisions {
        return Ok(None);
    }
    let Some(last) = rows.last().map(|row| row.1) else { return Ok(None) };
    let kept = rows.into_iter().map(|(_, _, before, after, secret_before, secret_after)| {
        change((before, after, secret_before, secret_after))
    });
    let changes: Option<Vec<Change>> = kept.collect();
    Ok(changes.map(|changes| Since { changes, last }))
}

/// The snapshot after changes; none if they do not fit it.
fn follow(known: &Snapshot, newest: u64, since: &Since) -> Option<Snapshot> {
    // What a row means that cannot be read is found out anew.
    if !known.company().set_aside().rows().is_empty() {
        return None;
    }
    known.after(newest, &since.changes).ok()
}
