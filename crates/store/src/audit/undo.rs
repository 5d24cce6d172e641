//! Changes as they can be turned round.

use gatehall_domain::{Change, Ciphertext, Digest, Record, SecretSource};
use sqlx::{FromRow, query};

use crate::{Store, StoreError, engine::on};

/// What the text of a record leaves out, and undo needs.
pub(super) fn secret(record: &Record) -> Option<Vec<u8>> {
    match record {
        Record::Key(key) => Some(key.digest.0.to_vec()),
        Record::Credential(it) => sealed(&it.secret),
        Record::Provider(it) => it.client_secret.as_ref().and_then(sealed),
        _ => None,
    }
}

fn sealed(source: &SecretSource) -> Option<Vec<u8>> {
    match source {
        SecretSource::Sealed(Ciphertext(bytes)) => Some(bytes.to_vec()),
        SecretSource::Environment(_) => None,
    }
}

/// The record that a text and what it left out are.
fn record(text: &str, secret: Option<Vec<u8>>) -> Option<Record> {
    let mut record: Record = serde_json::from_str(text).ok()?;
    let put = |source: &mut SecretSource| match (source, &secret) {
        (SecretSource::Sealed(place), Some(bytes)) => {
            *place = Ciphertext(bytes.as_slice().into());
            true
        }
        (SecretSource::Sealed(_), None) => false,
        (SecretSource::Environment(_), _) => true,
    };
    let complete = match &mut record {
        Record::Key(key) => match secret.as_deref().map(<[u8; 32]>::try_from) {
            Some(Ok(digest)) => {
                key.digest = Digest(digest);
                true
            }
            _ => false,
        },
        Record::Credential(it) => put(&mut it.secret),
        Record::Provider(it) => it.client_secret.as_mut().is_none_or(put),
        _ => true,
    };
    complete.then_some(record)
}

/// What an event of the audit keeps of a change: the texts of the record before and after, and
/// what these leave out.
pub(crate) type Kept = (Option<String>, Option<String>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The change that an event keeps; none if it was not made by this program, or by a version of it
/// that kept less.
pub(crate) fn change((before, after, secret_before, secret_after): Kept) -> Option<Change> {
    let before = before.map(|text| record(&text, secret_before));
    let after = after.map(|text| record(&text, secret_after));
    Some(match (before, after) {
        (None, Some(after)) => Change::Add(after?),
        (Some(before), Some(after)) => Change::Replace { before: before?, after: after? },
        (Some(before), None) => Change::Remove(before?),
        (None, None) => return None,
    })
}

impl Store {
    /// The changes that made a revision, in their order. None if one of them was not made by this
    /// program, or by a version of it that kept less.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn changes_of(&self, revision: u64) -> Result<Option<Vec<Change>>, StoreError> {
        // Of a change that cannot be read nothing can be turned round.
        let rows: Option<Vec<Kept>> = on!(&self.pool, pool => query(
            "select before, after, secret_before, secret_after from audit_events
             where revision = $1 and outcome = 'changed' order by id")
            .bind(revision as i64)
            .fetch_all(pool).await
            .map(|rows| rows.iter().map(|row| Kept::from_row(row).ok()).collect()))?;
        let changes: Option<Vec<Change>> =
            rows.and_then(|rows| rows.into_iter().map(change).collect());
        Ok(changes.filter(|changes| !changes.is_empty()))
    }
}
