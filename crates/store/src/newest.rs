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
        let told = match known.last_event() {
            Some(event) => told(event, known.revision(), newest, &mut transaction).await?,
            None if newest == known.revision() => Told::Nothing,
            None => Told::Less,
        };
        transaction.commit().await?;
        let followed = match told {
            Told::Nothing => return Ok(Arc::clone(known)),
            Told::All { changes, last } => {
                follow(known, newest, &changes).map(|it| it.ended_by(Some(last)))
            }
            Told::Less => None,
        };
        match followed {
            Some(snapshot) => Ok(Arc::new(snapshot)),
            None => Ok(Arc::new(self.load().await?)),
        }
    }
}

/// What the audit tells of the time since a revision.
enum Told {
    /// There was no change.
    Nothing,
    /// What made each revision since, in order, and the last event.
    All { changes: Vec<Change>, last: Uuid },
    /// Not all that happened.
    Less,
}

/// What the audit tells of the time after the known revision, which ended with
/// `event`, up to the newest.
async fn told(
    event: Uuid,
    known: u64,
    newest: u64,
    transaction: &mut Transaction,
) -> Result<Told, StoreError> {
    let is_there: bool = on!(&mut *transaction, it => query_scalar(
        "select exists (select 1 from audit_events where id = $1 and revision = $2)")
        .bind(event)
        .bind(known as i64)
        .fetch_one(&mut **it).await)?;
    let revisions = newest.saturating_sub(known) as usize;
    if !is_there || newest < known || revisions > MOST {
        return Ok(Told::Less);
    }
    if revisions == 0 {
        return Ok(Told::Nothing);
    }
    type Row = (i64, Uuid, Option<String>, Option<String>, Option<Vec<u8>>, Option<Vec<u8>>);
    // Of a row that cannot be read nobody knows what it changed.
    let rows: Option<Vec<Row>> = on!(transaction, it => query(
        "select revision, id, before, after, secret_before, secret_after from audit_events
         where revision > $1 and outcome = 'changed' order by revision, id limit $2")
        .bind(known as i64)
        .bind(MOST as i64 + 1)
        .fetch_all(&mut **it).await
        .map(|rows| rows.iter().map(|row| Row::from_row(row).ok()).collect()))?;
    let Some(rows) = rows.filter(|rows| rows.len() <= MOST) else { return Ok(Told::Less) };
    // A revision without events is one that a script made.
    let complete = rows.chunk_by(|a, b| a.0 == b.0).count() == revisions;
    let Some(last) = rows.last().map(|row| row.1).filter(|_| complete) else {
        return Ok(Told::Less);
    };
    let kept = rows.into_iter().map(|(_, _, before, after, secret_before, secret_after)| {
        change((before, after, secret_before, secret_after))
    });
    let changes: Option<Vec<Change>> = kept.collect();
    Ok(changes.map_or(Told::Less, |changes| Told::All { changes, last }))
}

/// The snapshot after changes; none if they do not fit it.
fn follow(known: &Snapshot, newest: u64, changes: &[Change]) -> Option<Snapshot> {
    // What a row means that cannot be read is found out anew.
    if !known.company().set_aside().rows().is_empty() {
        return None;
    }
    known.after(newest, changes).ok()
}
