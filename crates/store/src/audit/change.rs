use gatehall_domain::{Change, Company, Record, Target, Timestamp};
use sqlx::query;
use uuid::Uuid;

use super::undo::secret;
use crate::{
    Actor,
    engine::{Transaction, on},
    many_rows::ManyRows,
};

/// The columns of an event that come from a change.
pub(crate) struct ChangeRow {
    verb: &'static str,
    kind: &'static str,
    subject: String,
    tenant: Option<String>,
    before: Option<String>,
    after: Option<String>,
    secret_before: Option<Vec<u8>>,
    secret_after: Option<Vec<u8>>,
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
            secret_before: change.before().and_then(secret),
            secret_after: change.after().and_then(secret),
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
        Record::TenantAdmin(it) => Some(it.tenant.clone()),
        Record::Grant(it) => match &it.target {
            Target::Tenant(tenant) => Some(tenant.clone()),
            Target::Connection(id) => connection(*id),
        },
        Record::User(_)
        | Record::Identity(_)
        | Record::Group(_)
        | Record::Membership(_)
        | Record::Server(_)
        | Record::Provider(_)
        | Record::ClaimMapping(_)
        | Record::HostRule(_) => None,
    };
    tenant.map(|tenant| tenant.to_string())
}

static CHANGES: ManyRows = ManyRows::new(
    "insert into audit_events
        (id, at, revision, actor, user_id, action, kind, subject, tenant_id, outcome, before, after,
         secret_before, secret_after)",
    14,
    "",
);

/// Keeps changes in the audit, within the transaction that makes them, and says which is the last
/// event.
pub(crate) async fn insert_changes(
    transaction: &mut Transaction,
    rows: &[ChangeRow],
    revision: u64,
    actor: &Actor,
    now: Timestamp,
) -> sqlx::Result<Uuid> {
    let mut last = Uuid::nil();
    for (text, rows) in CHANGES.statements(transaction, rows) {
        on!(&mut *transaction, it => {
            let mut insert = query(text);
            for row in rows {
                last = Uuid::now_v7();
                insert = insert
                    .bind(last)
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
                    .bind(row.after.as_deref())
                    .bind(row.secret_before.as_deref())
                    .bind(row.secret_after.as_deref());
            }
            insert.execute(&mut **it).await.map(drop)
        })?;
    }
    Ok(last)
}
