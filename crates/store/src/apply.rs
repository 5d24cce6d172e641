use std::sync::Arc;

use gatehall_domain::{Change, Company, Snapshot, Timestamp};

use uuid::Uuid;

use crate::{
    Actor, Store, StoreError,
    audit::{ChangeRow, insert_changes},
    engine::{Engine, Transaction, on},
    table,
};

/// A change that was made.
#[derive(Debug)]
pub struct Applied {
    /// The company at its new revision.
    pub snapshot: Arc<Snapshot>,
}

impl Store {
    /// Waits for a [`Turn`](crate::Turn) and applies changes to the company at `base`.
    ///
    /// # Errors
    /// As there, and if the turn did not come.
    pub async fn apply(
        &self,
        base: &Snapshot,
        changes: &[Change],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        self.turn().await?.apply(base, changes, actor, now).await
    }
}

/// Changes that keep the rules, and the company that they make.
pub(crate) struct Prepared<'a> {
    changes: &'a [Change],
    actor: &'a Actor,
    rows: Vec<ChangeRow>,
    company: Company,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(
        base: &Snapshot,
        changes: &'a [Change],
        actor: &'a Actor,
    ) -> Result<Self, StoreError> {
        let mut company = base.company().clone();
        let mut rows = Vec::with_capacity(changes.len());
        for change in changes {
            // A record has its name while the records it points to are there: what goes is named
            // before, what comes is named after.
            let going = change.after().is_none().then(|| ChangeRow::new(change, &company));
            company.apply(change)?;
            rows.push(going.unwrap_or_else(|| ChangeRow::new(change, &company)));
        }
        // What a provider says of its users counts, also of the last administrator.
        if !actor.is_gate() {
            company.keeps_admin(base.company(), changes)?;
        }
        Ok(Self { changes, actor, rows, company })
    }

    /// Writes the records, their audit events and the next revision, and says which it is, and which
    /// is its last event.
    pub(crate) async fn write(
        &self,
        mut transaction: Transaction,
        now: Timestamp,
    ) -> Result<(u64, Uuid), StoreError> {
        let revision = next_revision(&mut transaction).await?;
        for change in self.changes {
            match change.after() {
                Some(record) => table::put(record, &self.company, &mut transaction).await?,
                None => table::remove(change.record(), &mut transaction).await?,
            };
        }
        let last = insert_changes(&mut transaction, &self.rows, revision, self.actor, now).await?;
        notify(&mut transaction, revision).await?;
        transaction.commit().await?;
        Ok((revision, last))
    }

    pub(crate) fn into_company(self) -> Company {
        self.company
    }
}

/// Takes the next number.
async fn next_revision(transaction: &mut Transaction) -> Result<u64, StoreError> {
    let number: i64 = on!(transaction, it => sqlx::query_scalar(
        "update revision set number = number + 1 returning number")
        .fetch_one(&mut **it).await)?;
    Ok(number as u64)
}

/// Tells the other replicas, when the transaction commits. On SQLite they look by themselves.
async fn notify(transaction: &mut Transaction, revision: u64) -> Result<(), StoreError> {
    if let Engine::Postgres(it) = transaction {
        sqlx::query("select pg_notify('gatehall_revision', $1)")
            .bind(revision.to_string())
            .execute(&mut **it)
            .await?;
    }
    Ok(())
}
