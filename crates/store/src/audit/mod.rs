//! What happened: changes and calls, in one table.

mod change;
mod event;
mod inserts;

use gatehall_domain::Timestamp;
use serde::Serialize;
use sqlx::query_as;

pub(crate) use change::{ChangeRow, insert_changes};
pub use event::EventRow;

use crate::{Store, StoreError, engine::on};

/// An event of the audit, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// The revision it happened at, or made.
    pub revision: u64,
    /// Who did it.
    pub actor: String,
    /// The door through which they came, for calls and at doors.
    pub door: Option<String>,
    /// `add`, `change`, `remove`, `call`, `sign-in`, `sign-out` or `enter`.
    pub action: String,
    /// What it was done to: a kind of record; for calls the face, `mcp` or `openapi`; `door`.
    pub kind: String,
    /// Its name at that time.
    pub subject: String,
    /// Path of the connection, for calls.
    pub connection: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// Microseconds it took, for calls.
    pub duration_micros: Option<u64>,
}

/// Which events to show.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only these outcomes, if set: `denied`, `failed` and so on.
    pub outcome: Option<String>,
    /// Only of this actor, if set.
    pub actor: Option<String>,
    /// At most this many, the newest.
    pub limit: u32,
}

impl Store {
    /// The newest events that pass the filter, the newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        type Row = (
            i64,
            i64,
            String,
            Option<String>,
            String,
            String,
            String,
            Option<String>,
            String,
            Option<String>,
            Option<i64>,
        );
        let rows: Vec<Row> = on!(&self.pool, pool => query_as(
            "select at, revision, actor, door, action, kind, subject, connection, outcome, reason,
                duration_micros
             from audit_events
             where ($1 is null or outcome = $1) and ($2 is null or actor = $2)
             order by at desc, id desc limit $3")
            .bind(filter.outcome.as_deref())
            .bind(filter.actor.as_deref())
            .bind(i64::from(filter.limit))
            .fetch_all(pool).await)?;
        let read = |row: Row| Event {
            at: Timestamp::from_micros(row.0),
            revision: row.1 as u64,
            actor: row.2,
            door: row.3,
            action: row.4,
            kind: row.5,
            subject: row.6,
            connection: row.7,
            outcome: row.8,
            reason: row.9,
            duration_micros: row.10.map(|micros| micros as u64),
        };
        Ok(rows.into_iter().map(read).collect())
    }
}
