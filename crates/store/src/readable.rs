//! Rows that are no records of the company: sessions, events, counts. One that cannot be read is
//! left out, so that the others are shown.

use std::{collections::BTreeSet, sync::Mutex};

use sqlx::{FromRow, Row};

/// The rows of a table that can be read.
pub(crate) fn readable<R: Row, T: for<'r> FromRow<'r, R>>(
    table: &'static str,
    rows: &[R],
) -> Vec<T> {
    let read = |row| T::from_row(row).inspect_err(|error| tell(table, error)).ok();
    rows.iter().filter_map(read).collect()
}

/// Says it once: some tables are read several times a second.
pub(crate) fn tell(table: &'static str, error: &dyn std::fmt::Display) {
    static TOLD: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    if TOLD.lock().is_ok_and(|mut told| told.insert(table)) {
        tracing::warn!(table, %error, "a row cannot be read and is left out");
    }
}
