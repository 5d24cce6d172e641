//! Finding events again.

use gatehall_domain::{TenantId, Timestamp, UserId};
use serde::Serialize;
use sqlx::query;
use uuid::Uuid;

use crate::{Store, StoreError, engine::on, readable::readable};

/// An event of the audit, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// Own id.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// The revision it happened at, or made.
    pub revision: u64,
    /// Who did it.
    pub actor: String,
    /// The door through which they came, for calls and at doors.
    pub door: Option<String>,
    /// `add`, `change`, `remove`, `call`, `sign-in`, `sign-out`, `enter` or `list`.
    pub action: String,
    /// What it was done to: a kind of record; for calls the face, `mcp`, `openapi` or
    /// `portal`; `door`; `tools`.
    pub kind: String,
    /// Its name at that time.
    pub subject: String,
    /// The tenant it belongs to, if to one.
    pub tenant: Option<String>,
    /// Path of the connection, for calls.
    pub connection: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// The record before a change, as JSON.
    pub before: Option<String>,
    /// The record after a change, as JSON.
    pub after: Option<String>,
    /// Microseconds it took, for calls.
    pub duration_micros: Option<u64>,
}

/// Which events to show. What is not set filters nothing.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only this one.
    pub id: Option<Uuid>,
    /// Only these outcomes: `denied`, `failed` and so on.
    pub outcome: Option<String>,
    /// Only of this user.
    pub user: Option<UserId>,
    /// Only of actors whose name holds this.
    pub actor: Option<String>,
    /// Only what was done to something whose name holds this.
    pub subject: Option<String>,
    /// Only of this tenant.
    pub tenant: Option<TenantId>,
    /// Only of connections whose path holds this.
    pub connection: Option<String>,
    /// Only these actions: `call`, `change` and so on.
    pub action: Option<String>,
    /// Only to this kind of record, or through this face.
    pub kind: Option<String>,
    /// Only the changes of this revision.
    pub revision: Option<u64>,
    /// Only this moment and later.
    pub after: Option<Timestamp>,
    /// Only before this moment.
    pub before: Option<Timestamp>,
    /// Only events older than this one, to go on where a page ended.
    pub older_than: Option<(Timestamp, Uuid)>,
    /// At most this many, the newest.
    pub limit: u32,
}

type Row = (
    Uuid,
    i64,
    i64,
    String,
    Option<String>,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
);

/// The text of a search within what fits a condition.
macro_rules! search {
    ($condition:literal) => {
        concat!(
            "select id, at, revision, actor, door, action, kind, subject, tenant_id, connection,
                outcome, reason, before, after, duration_micros
             from audit_events
             where ",
            $condition,
            " and ($1 is null or outcome = $1)
               and ($2 is null or lower(actor) like $2 escape '!')
               and ($3 is null or lower(subject) like $3 escape '!')
               and ($4 is null or tenant_id = $4)
               and ($5 is null or lower(connection) like $5 escape '!')
               and ($6 is null or action = $6)
               and ($7 is null or kind = $7)
               and ($8 is null or (revision = $8 and outcome = 'changed'))
               and at >= $9 and at < $10
               and ($11 is null or at < $11 or (at = $11 and id < $12))
               and ($13 is null or id = $13)
               and ($14 is null or user_id = $14)
             order by at desc, id desc limit $15"
        )
    };
}

impl Store {
    /// The newest events that pass the filter, the newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        let older = filter.older_than;
        // What an index finds is asked for so that the database sees it.
        let text = match filter {
            EventFilter { id: Some(_), .. } => search!("id = $13"),
            EventFilter { revision: Some(_), .. } => {
                search!("revision = $8 and outcome = 'changed'")
            }
            EventFilter { user: Some(_), .. } => search!("user_id = $14"),
            EventFilter { tenant: Some(_), .. } => search!("tenant_id = $4"),
            _ => search!("true"),
        };
        let before = filter.before.map_or(i64::MAX, Timestamp::micros);
        let before = older.map_or(before, |(at, _)| before.min(at.micros().saturating_add(1)));
        let rows: Vec<Row> = on!(&self.pool, pool => query(
            text)
            .bind(filter.outcome.as_deref())
            .bind(filter.actor.as_deref().map(containing))
            .bind(filter.subject.as_deref().map(containing))
            .bind(filter.tenant.as_ref().map(TenantId::as_str))
            .bind(filter.connection.as_deref().map(containing))
            .bind(filter.action.as_deref())
            .bind(filter.kind.as_deref())
            .bind(filter.revision.map(|it| it as i64))
            .bind(filter.after.map_or(i64::MIN, Timestamp::micros))
            .bind(before)
            .bind(older.map(|(at, _)| at.micros()))
            .bind(older.map(|(_, id)| id))
            .bind(filter.id)
            .bind(filter.user.map(|user| user.0))
            .bind(i64::from(filter.limit))
            .fetch_all(pool).await.map(|rows| readable("audit_events", &rows)))?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// One event.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn event(&self, id: Uuid) -> Result<Option<Event>, StoreError> {
        let filter = EventFilter { id: Some(id), limit: 1, ..EventFilter::default() };
        Ok(self.events(&filter).await?.pop())
    }
}

/// A pattern for texts in lower case that hold this one.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn read(row: Row) -> Event {
    Event {
        id: row.0,
        at: Timestamp::from_micros(row.1),
        revision: row.2 as u64,
        actor: row.3,
        door: row.4,
        action: row.5,
        kind: row.6,
        subject: row.7,
        tenant: row.8,
        connection: row.9,
        outcome: row.10,
        reason: row.11,
        before: row.12,
        after: row.13,
        duration_micros: row.14.map(|micros| micros as u64),
    }
}
