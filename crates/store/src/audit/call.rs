use gatehall_domain::{CallEvent, Company, Denial, Outcome};
use serde::{Deserialize, Serialize};
use sqlx::query;
use uuid::Uuid;

use super::inserts::Inserts;
use crate::{Store, StoreError, engine::on};

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
}

fn reason(outcome: Outcome, company: &Company) -> String {
    match outcome {
        Outcome::Answered(because) | Outcome::ToolError(because) | Outcome::Cancelled(because) => {
            company.because_label(because)
        }
        Outcome::Failed(because, what) => format!("{what}; {}", company.because_label(because)),
        Outcome::Denied(Denial::DeniedBy(because)) => company.because_label(because),
        Outcome::Denied(denial) => denial.to_string(),
    }
}
