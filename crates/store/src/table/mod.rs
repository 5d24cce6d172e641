//! One file for each kind of record: how it lies in its table.

mod access;
mod doors;
mod people;
mod tools;

use std::fmt::Display;

use gatehall_domain::{Company, Record};

use crate::{StoreError, engine::Transaction};

/// A record that lies in a table.
pub(crate) trait Stored: Sized + Into<Record> {
    /// Puts the record in, or over the one with the same key. `company` holds the records it
    /// points to.
    async fn put(&self, company: &Company, transaction: &mut Transaction) -> sqlx::Result<u64>;

    /// Takes the record out.
    async fn remove(&self, transaction: &mut Transaction) -> sqlx::Result<u64>;

    /// Reads all records.
    async fn load(transaction: &mut Transaction) -> Result<Vec<Self>, StoreError>;
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

/// A function that says which column held a value that cannot be read.
fn bad<E: Display>(table: &'static str, column: &'static str) -> impl FnOnce(E) -> StoreError {
    move |problem| StoreError::BadValue { table, column, problem: problem.to_string() }
}
