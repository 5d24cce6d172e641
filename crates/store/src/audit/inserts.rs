//! Statements that insert many rows at once.

use std::sync::OnceLock;

use crate::engine::{Engine, Transaction};

/// How many rows one statement inserts. Few sizes make few statements, which the database parses
/// once. The largest stays below what SQLite can bind.
const SIZES: [usize; 4] = [256, 32, 4, 1];

/// The statements that insert rows of one kind, one for each of [`SIZES`].
pub(super) struct Inserts {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    sqlite: [OnceLock<String>; SIZES.len()],
    postgres: [OnceLock<String>; SIZES.len()],
}

impl Inserts {
    pub(super) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        let sqlite = [const { OnceLock::new() }; _];
        let postgres = [const { OnceLock::new() }; _];
        Self { head, columns, tail, sqlite, postgres }
    }

    /// The largest statement for at most `rows` rows, and how many it takes.
    pub(super) fn for_rows(
        &'static self,
        rows: usize,
        transaction: &Transaction,
    ) -> (usize, &'static str) {
        let at = SIZES.iter().position(|size| *size <= rows).unwrap_or(SIZES.len() - 1);
        let text = match transaction {
            // Thousands of numbered places take SQLite a time that grows with their square.
            Engine::Sqlite(_) => {
                self.sqlite[at].get_or_init(|| self.text(SIZES[at], |_| "?".into()))
            }
            Engine::Postgres(_) => self.postgres[at]
                .get_or_init(|| self.text(SIZES[at], |number| format!("${number}"))),
        };
        (SIZES[at], text)
    }

    fn text(&self, rows: usize, place: impl Fn(usize) -> String) -> String {
        let row = |row: usize| {
            let first = row * self.columns + 1;
            let places: Vec<String> = (first..first + self.columns).map(&place).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!("{} values {} {}", self.head, rows.join(", "), self.tail)
    }
}
