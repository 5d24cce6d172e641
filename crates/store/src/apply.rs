use gatehall_domain::{Change, Company, Snapshot, Timestamp, UserId};

use crate::{
    Store, StoreError,
    audit::ChangeRow,
    engine::{Engine, Transaction, on},
    table,
};

/// Who makes a change.
#[derive(Debug, Clone)]
pub struct Actor {
    /// For people to read: an address, or `command line`.
    pub name: String,
    /// The user, if it is one.
    pub user: Option<UserId>,
}

impl Actor {
    /// Somebody at the command line of the machine.
    pub fn command_line() -> Self {
        Self { name: "command line".into(), user: None }
    }

    /// The program itself, for what it learns from a door.
    pub fn gate() -> Self {
        Self { name: GATE.into(), user: None }
    }

    fn is_gate(&self) -> bool {
        self.user.is_none() && self.name == GATE
    }
}

/// The name of the program itself in the audit.
const GATE: &str = "gate";

/// A company after a change.
#[derive(Debug)]
pub struct Applied {
    /// The new revision.
    pub revision: u64,
    /// The company at it.
    pub company: Company,
}

impl Store {
    /// Applies changes to the company at `base`, all or none: the records, one audit event for
    /// each, and one new revision are one transaction.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if a change breaks a rule, [`StoreError::Moved`] if `base` is not
    /// the newest revision.
    pub async fn apply(
        &self,
        base: &Snapshot,
        changes: &[Change],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
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
            company.keeps_admin(base.company())?;
        }
        let mut transaction = self.writer.begin_write().await?;
        let revision = next_revision(&mut transaction).await?;
        if revision != base.revision() + 1 {
            return Err(StoreError::Moved);
        }
        for change in changes {
            match change.after() {
                Some(record) => table::put(record, &company, &mut transaction).await?,
                None => table::remove(change.record(), &mut transaction).await?,
            };
        }
        crate::audit::insert_changes(&mut transaction, &rows, revision, actor, now).await?;
        notify(&mut transaction, revision).await?;
        transaction.commit().await?;
        Ok(Applied { revision, company })
    }
}

/// Takes the next number. The row stays locked to the end of the transaction, so that writers
/// follow one another.
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
