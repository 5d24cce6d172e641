//! One file for each kind of record: how it lies in its table.

mod access;
mod doors;
mod people;
mod row;
mod tools;

use gatehall_domain::{Company, Record, Remains, UnreadRow};

pub(crate) use doors::put_groups;
pub(crate) use row::{Row, Unreadable};

use crate::{
    StoreError,
    engine::{Engine, Transaction},
};

/// A record that lies in a table.
pub(crate) trait Stored: Sized + Into<Record> {
    /// The table.
    const TABLE: &'static str;
    /// The columns of its key.
    const KEY: &'static [&'static str];
    /// The query for all rows.
    const SELECT: &'static str;

    /// Puts the record in, or over the one with the same key. `company` holds the records it
    /// points to.
    async fn put(&self, company: &Company, transaction: &mut Transaction) -> sqlx::Result<u64>;

    /// Takes the record out.
    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64>;

    /// Reads a row.
    fn read(row: &Row<'_>) -> Result<Self, Unreadable>;

    /// What can be read of a row that cannot be read. The domain decides by it what stays closed.
    fn remains(row: &Row<'_>) -> Remains;
}

/// Calls one method of [`Stored`] on whichever record it is.
macro_rules! each_record {
    ($record:expr, $it:ident => $body:expr) => {
        match $record {
            Record::User($it) => $body,
            Record::Identity($it) => $body,
            Record::Group($it) => $body,
            Record::Membership($it) => $body,
            Record::Tenant($it) => $body,
            Record::TenantAdmin($it) => $body,
            Record::Server($it) => $body,
            Record::Connection($it) => $body,
            Record::Credential($it) => $body,
            Record::Grant($it) => $body,
            Record::Key($it) => $body,
            Record::Provider($it) => $body,
            Record::ClaimMapping($it) => $body,
            Record::HostRule($it) => $body,
        }
    };
}

pub(crate) async fn put(
    record: &Record,
    company: &Company,
    transaction: &mut Transaction,
) -> sqlx::Result<u64> {
    each_record!(record, it => it.put(company, transaction).await)
}

pub(crate) async fn remove(record: &Record, transaction: &mut Transaction) -> sqlx::Result<u64> {
    each_record!(record, it => it.remove(transaction).await)
}

/// Reads all records of a kind; rows that cannot be read are set aside.
pub(crate) async fn load<R: Stored>(
    company: &mut Company,
    unread: &mut Vec<UnreadRow>,
    transaction: &mut Transaction,
) -> Result<(), StoreError> {
    let mut take = |row: &Row<'_>| match R::read(row) {
        Ok(record) => company.put(record.into()),
        Err(why) => unread.push(row.unread(R::TABLE, R::KEY, &why, R::remains(row))),
    };
    each_row(R::SELECT, transaction, &mut take).await
}

/// Shows each row of a query's answer.
async fn each_row(
    select: &'static str,
    transaction: &mut Transaction,
    see: &mut (dyn FnMut(&Row<'_>) + Send),
) -> Result<(), StoreError> {
    match transaction {
        Engine::Sqlite(it) => {
            let rows = sqlx::query(select).fetch_all(&mut **it).await?;
            rows.iter().for_each(|row| see(&Row::Sqlite(row)));
        }
        Engine::Postgres(it) => {
            let rows = sqlx::query(select).fetch_all(&mut **it).await?;
            rows.iter().for_each(|row| see(&Row::Postgres(row)));
        }
    }
    Ok(())
}
