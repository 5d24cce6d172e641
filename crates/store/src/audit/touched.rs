//! Whether something newer touched what a revision touched.

use std::collections::HashMap;

use gatehall_domain::{Record, Refusal};
use sqlx::{FromRow, query};
use uuid::Uuid;

use crate::{Store, StoreError, engine::on};

/// Events that are read at once.
const AT_ONCE: i64 = 1_000;

/// Revision, id, kind, subject, before and after.
type Row = (i64, Uuid, String, String, Option<String>, Option<String>);

/// What a revision touched. What stands behind a key is the name it had then.
#[derive(Default)]
struct Touched {
    keys: HashMap<String, String>,
    names: HashMap<(String, String), String>,
    kinds: HashMap<String, String>,
    /// Whether users or groups have other names since.
    renamed: bool,
}

impl Touched {
    fn new(rows: Vec<Row>) -> Self {
        let mut touched = Self::default();
        for (_, _, kind, subject, before, after) in rows {
            for record in [before, after].iter().flatten().filter_map(|it| record(it)) {
                touched.keys.insert(record.key(), subject.clone());
            }
            // Scripts name a membership without where it comes from.
            if let ("membership", Some((plain, _))) = (&*kind, subject.rsplit_once(" (")) {
                touched.names.insert((kind.clone(), plain.to_lowercase()), subject.clone());
            }
            touched.names.insert((kind.clone(), subject.to_lowercase()), subject.clone());
            touched.kinds.insert(kind, subject);
        }
        touched
    }

    /// The name of what a later event touched, too. What cannot be told apart is the same.
    fn by(&mut self, (_, _, kind, subject, before, after): &Row) -> Option<&str> {
        let texts: Vec<&String> = [before, after].into_iter().flatten().collect();
        let records: Option<Vec<Record>> = texts.iter().map(|text| record(text)).collect();
        let same = match records.as_deref() {
            None => {
                self.renamed = true;
                self.kinds.get(kind)
            }
            // Scripts leave no more than a name.
            Some([]) if self.renamed => self.kinds.get(kind),
            Some(records) => {
                self.renamed |= is_renamed(records);
                records.iter().find_map(|record| self.keys.get(&record.key()))
            }
        };
        // A record that took the place of another has its name.
        same.or_else(|| self.names.get(&(kind.clone(), subject.to_lowercase()))).map(String::as_str)
    }
}

/// The record of a text, without what the text leaves out.
fn record(text: &str) -> Option<Record> {
    serde_json::from_str(text).ok()
}

fn is_renamed(records: &[Record]) -> bool {
    match records {
        [Record::User(before), Record::User(after)] => before.email != after.email,
        [Record::Group(before), Record::Group(after)] => before.name != after.name,
        _ => false,
    }
}

impl Store {
    /// Whether no later revision touched one of the records that a revision touched, whoever made
    /// it in which way.
    ///
    /// # Errors
    /// [`Refusal::Touched`] by the first that did, and if the database cannot be read.
    pub async fn untouched_since(&self, revision: u64) -> Result<(), StoreError> {
        let made: Vec<Row> = readable(on!(&self.pool, pool => query(
            "select revision, id, kind, subject, before, after from audit_events
             where revision = $1 and outcome = 'changed'")
            .bind(revision as i64)
            .fetch_all(pool).await
            .map(|rows| rows.iter().map(Row::from_row).collect())))?;
        let mut touched = Touched::new(made);
        let mut last = (revision as i64, Uuid::max());
        loop {
            // What users and groups are called says which of them a script meant.
            let later: Vec<Row> = readable(on!(&self.pool, pool => query(
                "select revision, id, kind, subject, before, after from audit_events
                 where outcome = 'changed' and revision >= $2 and (revision > $2 or id > $3)
                   and (kind in ('user', 'group') or kind in (
                     select kind from audit_events where revision = $1 and outcome = 'changed'))
                 order by revision, id limit $4")
                .bind(revision as i64)
                .bind(last.0)
                .bind(last.1)
                .bind(AT_ONCE)
                .fetch_all(pool).await
                .map(|rows| rows.iter().map(Row::from_row).collect())))?;
            for row in &later {
                if let Some(name) = touched.by(row) {
                    let (kind, name) = (row.2.clone(), name.to_owned());
                    let newer = row.0 as u64;
                    return Err(Refusal::Touched { revision, newer, kind, name }.into());
                }
            }
            match later.last() {
                Some(row) if later.len() as i64 == AT_ONCE => last = (row.0, row.1),
                _ => return Ok(()),
            }
        }
    }
}

/// All rows, or none: what an event touched that cannot be read, nobody knows.
fn readable(rows: sqlx::Result<sqlx::Result<Vec<Row>>>) -> Result<Vec<Row>, StoreError> {
    rows?.map_err(|_| {
        let problem = "an event of the audit since then cannot be read, so nobody knows what it \
                       touched: change back by hand what is to be changed back";
        Refusal::invalid("revision", problem).into()
    })
}
