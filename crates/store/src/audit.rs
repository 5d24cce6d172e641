use std::sync::OnceLock;

use gatehall_domain::{CallEvent, Change, Company, Outcome, Record, Target, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{query, query_as};
use uuid::Uuid;

use crate::{
    Actor, Store, StoreError,
    engine::{Engine, Transaction, on},
};

/// An event of the audit, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// The revision it happened at, or made.
    pub revision: u64,
    /// Who did it.
    pub actor: String,
    /// The door through which they came, for calls.
    pub door: Option<String>,
    /// `add`, `change`, `remove` or `call`.
    pub action: String,
    /// What it was done to: a kind of record; for calls the face, `mcp` or `openapi`.
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

/// The columns of an event that come from a change.
pub(crate) struct ChangeRow {
    verb: &'static str,
    kind: &'static str,
    subject: String,
    tenant: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl ChangeRow {
    pub(crate) fn new(change: &Change, company: &Company) -> Self {
        let record = change.record();
        let json = |record: Option<&Record>| record.and_then(|it| serde_json::to_string(it).ok());
        Self {
            verb: change.verb(),
            kind: record.kind(),
            subject: company.label(record),
            tenant: tenant(record, company),
            before: json(change.before()),
            after: json(change.after()),
        }
    }
}

/// The tenant a record belongs to.
fn tenant(record: &Record, company: &Company) -> Option<String> {
    let connection = |id| company.connections.get(&id).and_then(|it| it.path.tenant.clone());
    let tenant = match record {
        Record::Tenant(it) => Some(it.id.clone()),
        Record::Connection(it) => it.path.tenant.clone(),
        Record::Credential(it) => connection(it.connection),
        Record::Key(it) => it.tenant.clone(),
        Record::Grant(it) => match &it.target {
            Target::Tenant(tenant) => Some(tenant.clone()),
            Target::Connection(id) => connection(*id),
        },
        Record::User(_)
        | Record::Identity(_)
        | Record::Group(_)
        | Record::Membership(_)
        | Record::Server(_) => None,
    };
    tenant.map(|tenant| tenant.to_string())
}

/// How many rows one statement inserts. Few sizes make few statements, which the database parses
/// once. The largest stays below what SQLite can bind.
const SIZES: [usize; 4] = [256, 32, 4, 1];

/// The statements that insert rows of one kind, one for each of [`SIZES`].
struct Inserts {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    sqlite: [OnceLock<String>; SIZES.len()],
    postgres: [OnceLock<String>; SIZES.len()],
}

impl Inserts {
    const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        const NONE: OnceLock<String> = OnceLock::new();
        Self { head, columns, tail, sqlite: [NONE; SIZES.len()], postgres: [NONE; SIZES.len()] }
    }

    /// The largest statement for at most `rows` rows, and how many it takes.
    fn for_rows(&'static self, rows: usize, transaction: &Transaction) -> (usize, &'static str) {
        let at = SIZES.iter().position(|size| *size <= rows).unwrap_or(SIZES.len() - 1);
        let text = match transaction {
            // Thousands of numbered places take SQLite a time that grows with their square.
            Engine::Sqlite(_) => {
                self.sqlite[at].get_or_init(|| self.text(SIZES[at], |_| "?".into()))
            }
            Engine::Postgres(_) => self.postgres[at]
                .get_or_init(|| self.text(SIZES[at], |number| format!("${number}"))),
        };
        (SIZES[at], text)
    }

    fn text(&self, rows: usize, place: impl Fn(usize) -> String) -> String {
        let row = |row: usize| {
            let first = row * self.columns + 1;
            let places: Vec<String> = (first..first + self.columns).map(&place).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!("{} values {} {}", self.head, rows.join(", "), self.tail)
    }
}

static CHANGES: Inserts = Inserts::new(
    "insert into audit_events
        (id, at, revision, actor, user_id, action, kind, subject, tenant_id, outcome, before, after)",
    12,
    "",
);

pub(crate) async fn insert_changes(
    transaction: &mut Transaction,
    rows: &[ChangeRow],
    revision: u64,
    actor: &Actor,
    now: Timestamp,
) -> sqlx::Result<()> {
    let mut left = rows;
    while !left.is_empty() {
        let (count, text) = CHANGES.for_rows(left.len(), transaction);
        let (rows, rest) = left.split_at(count);
        on!(&mut *transaction, it => {
            let mut insert = query(text);
            for row in rows {
                insert = insert
                    .bind(Uuid::now_v7())
                    .bind(now.micros())
                    .bind(revision as i64)
                    .bind(actor.name.as_str())
                    .bind(actor.user.map(|user| user.0))
                    .bind(row.verb)
                    .bind(row.kind)
                    .bind(row.subject.as_str())
                    .bind(row.tenant.as_deref())
                    .bind("changed")
                    .bind(row.before.as_deref())
                    .bind(row.after.as_deref());
            }
            insert.execute(&mut **it).await.map(drop)
        })?;
        left = rest;
    }
    Ok(())
}

/// A call as it lies in the audit: with the names of that time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CallRow {
    id: Uuid,
    at: i64,
    revision: u64,
    actor: String,
    user_id: Option<Uuid>,
    door: String,
    key_id: Option<String>,
    face: String,
    tool: String,
    tenant_id: Option<String>,
    connection: Option<String>,
    outcome: String,
    reason: String,
    duration_micros: u64,
    bytes_in: u64,
    bytes_out: u64,
    request_id: u64,
}

impl From<CallEvent> for CallRow {
    fn from(call: CallEvent) -> Self {
        let company = call.snapshot.company();
        let user = call.caller.user;
        let connection = call.connection.and_then(|id| company.connections.get(&id));
        let tenant = connection.and_then(|it| it.path.tenant.as_ref());
        Self {
            id: Uuid::now_v7(),
            at: call.at.micros(),
            revision: call.snapshot.revision(),
            actor: user.map_or_else(|| "nobody".to_owned(), |id| company.user_label(id)),
            user_id: user.map(|user| user.0),
            door: call.caller.door.as_str().to_owned(),
            key_id: call.caller.key.as_ref().map(ToString::to_string),
            face: call.face.to_owned(),
            tool: call.tool.to_string(),
            tenant_id: tenant.map(ToString::to_string),
            connection: connection.map(|it| it.path.to_string()),
            outcome: call.outcome.as_str().to_owned(),
            reason: reason(call.outcome, company),
            duration_micros: call.duration_micros,
            bytes_in: call.bytes_in,
            bytes_out: call.bytes_out,
            request_id: call.request_id,
        }
    }
}

static CALLS: Inserts = Inserts::new(
    "insert into audit_events
        (id, at, revision, actor, user_id, door, key_id, action, kind, subject, tenant_id,
         connection, outcome, reason, duration_micros, bytes_in, bytes_out, request_id)",
    18,
    // Rows that came through the spill file may be there already.
    "on conflict (id) do nothing",
);

impl Store {
    /// Keeps calls in the audit.
    ///
    /// # Errors
    /// If the database cannot be written; then none of them was kept.
    pub async fn record_calls(&self, calls: &[CallRow]) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_write().await?;
        let mut left = calls;
        while !left.is_empty() {
            let (count, text) = CALLS.for_rows(left.len(), &transaction);
            let (calls, rest) = left.split_at(count);
            on!(&mut transaction, it => {
                let mut insert = query(text);
                for call in calls {
                    insert = insert
                        .bind(call.id)
                        .bind(call.at)
                        .bind(call.revision as i64)
                        .bind(call.actor.as_str())
                        .bind(call.user_id)
                        .bind(call.door.as_str())
                        .bind(call.key_id.as_deref())
                        .bind("call")
                        .bind(call.face.as_str())
                        .bind(call.tool.as_str())
                        .bind(call.tenant_id.as_deref())
                        .bind(call.connection.as_deref())
                        .bind(call.outcome.as_str())
                        .bind(call.reason.as_str())
                        .bind(call.duration_micros as i64)
                        .bind(call.bytes_in as i64)
                        .bind(call.bytes_out as i64)
                        .bind(call.request_id as i64);
                }
                insert.execute(&mut **it).await.map(drop)
            })?;
            left = rest;
        }
        transaction.commit().await?;
        Ok(())
    }

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
             order by id desc limit $3")
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

fn reason(outcome: Outcome, company: &Company) -> String {
    match outcome {
        Outcome::Answered(because) | Outcome::ToolError(because) | Outcome::Cancelled(because) => {
            company.because_label(because)
        }
        Outcome::Failed(because, what) => format!("{what}; {}", company.because_label(because)),
        Outcome::Denied(gatehall_domain::Denial::DeniedBy(because)) => {
            company.because_label(because)
        }
        Outcome::Denied(denial) => denial.to_string(),
    }
}
