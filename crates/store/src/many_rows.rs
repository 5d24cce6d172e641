//! Statements that write many rows at once.

use std::sync::OnceLock;

use crate::engine::{Engine, Transaction};

/// How many rows one statement writes. Few sizes make few statements, which the database parses
/// once. The largest stays below what SQLite can bind.
const SIZES: [usize; 4] = [256, 32, 4, 1];

/// The statements that write rows of one kind, one for each of [`SIZES`].
pub(crate) struct ManyRows {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    sqlite: [OnceLock<String>; SIZES.len()],
    postgres: [OnceLock<String>; SIZES.len()],
}

impl ManyRows {
    /// Their rows of so many columns stand between `head` and `tail`.
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        let sqlite = [const { OnceLock::new() }; _];
        let postgres = [const { OnceLock::new() }; _];
        Self { head, columns, tail, sqlite, postgres }
    }

    /// Statements that write all of `rows`, each with those that it takes.
    pub(crate) fn statements<'r, T>(
        &'static self,
        transaction: &Transaction,
        rows: &'r [T],
    ) -> Vec<(&'static str, &'r [T])> {
        let (mut left, mut statements) = (rows, Vec::new());
        while !left.is_empty() {
            let (count, text) = self.for_rows(left.len(), transaction);
            let (rows, rest) = left.split_at(count);
            statements.push((text, rows));
            left = rest;
        }
        statements
    }

    /// The largest statement for at most `rows` rows, and how many it takes.
    fn for_rows(&'static self, rows: usize, transaction: &Transaction) -> (usize, &'static str) {
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
