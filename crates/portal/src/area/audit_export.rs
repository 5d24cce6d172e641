//! The audit as a table for other programs, a page of the store at a time.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use gatehall_store::{Event, EventFilter, StoreError};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use crate::web::{Fault, Portal};

/// Events that are read at once.
const AT_ONCE: u32 = 1_000;

const COLUMNS: [&str; 15] = [
    "at",
    "actor",
    "door",
    "action",
    "kind",
    "subject",
    "tenant",
    "connection",
    "outcome",
    "reason",
    "revision",
    "milliseconds",
    "before",
    "after",
    "id",
];

/// What is left to be written.
struct Rest {
    portal: Arc<Portal>,
    filter: EventFilter,
    over: bool,
}

/// Answers with the events that pass the filter, the newest first.
pub(super) async fn table(portal: Arc<Portal>, filter: EventFilter) -> Result<Response, Fault> {
    let mut rest = Rest { portal, filter, over: false };
    // What keeps the first from being read is said as a page.
    let first = rest.read().await?;
    let head = rows(&[], true).map_err(|error| Fault::ours(&error))?;
    let begin = (Some((head, first)), rest);
    let parts = stream::try_unfold(begin, |(ready, mut rest)| async move {
        let (mut bytes, events) = match ready {
            Some(ready) => ready,
            None if rest.over => return Ok(None),
            None => (Vec::new(), rest.read().await?),
        };
        if bytes.is_empty() && events.is_empty() {
            return Ok(None);
        }
        bytes.extend(rows(&events, false)?);
        Ok::<_, axum::BoxError>(Some((Bytes::from(bytes), (None, rest))))
    });
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

impl Rest {
    /// The next events.
    async fn read(&mut self) -> Result<Vec<Event>, StoreError> {
        self.filter.limit = AT_ONCE;
        let events = self.portal.desk.store().events(&self.filter).await?;
        self.filter.older_than = events.last().map(|it| (it.at, it.id));
        self.over = events.len() < AT_ONCE as usize;
        Ok(events)
    }
}

fn rows(events: &[Event], head: bool) -> Result<Vec<u8>, axum::BoxError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if head {
        writer.write_record(COLUMNS)?;
    }
    for it in events {
        let text = |text: &Option<String>| guarded(text.as_deref().unwrap_or_default());
        writer.write_record([
            it.at.to_string(),
            guarded(&it.actor),
            text(&it.door),
            guarded(&it.action),
            guarded(&it.kind),
            guarded(&it.subject),
            text(&it.tenant),
            text(&it.connection),
            guarded(&it.outcome),
            text(&it.reason),
            it.revision.to_string(),
            it.duration_micros.map(|micros| (micros / 1000).to_string()).unwrap_or_default(),
            text(&it.before),
            text(&it.after),
            it.id.to_string(),
        ])?;
    }
    Ok(writer.into_inner()?)
}

/// A cell that a spreadsheet does not take for a formula.
pub(super) fn guarded(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        assert_eq!(guarded("read_file"), "read_file");
    }
}
