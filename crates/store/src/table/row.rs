//! Rows, read column by column, so that one that cannot be read is told from the others.

use std::{fmt::Display, str::FromStr};

use gatehall_domain::{Address, Refusal, Remains, UnreadRow, json_problem, names::shown};
use serde::de::DeserializeOwned;
use sqlx::{ColumnIndex, Decode, Postgres, Sqlite, Type, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

/// Characters that are shown of what is wrong.
const PROBLEM: usize = 300;

/// A row of either database.
pub(crate) enum Row<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

/// A column that does not hold what it should.
#[derive(Debug)]
pub(crate) struct Unreadable {
    column: &'static str,
    problem: String,
}

/// A value that both databases know.
pub(crate) trait Value:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}
impl<T> Value for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl Row<'_> {
    /// The value of a column.
    pub(crate) fn get<T: Value>(&self, column: &'static str) -> Result<T, Unreadable> {
        fn get<'r, R: sqlx::Row, T>(row: &'r R, column: &'static str) -> sqlx::Result<T>
        where
            T: Decode<'r, R::Database> + Type<R::Database>,
            &'static str: ColumnIndex<R>,
        {
            row.try_get(column)
        }
        let value = match self {
            Self::Sqlite(row) => get(*row, column),
            Self::Postgres(row) => get(*row, column),
        };
        value.map_err(|error| match error {
            sqlx::Error::ColumnDecode { source, .. } => Unreadable::new(column, source),
            other => Unreadable::new(column, other),
        })
    }

    /// A text with a form of its own.
    pub(crate) fn parse<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
    ) -> Result<T, Unreadable> {
        self.get::<String>(column)?.parse().map_err(|error| Unreadable::new(column, error))
    }

    /// [`Row::parse`], if there is a value.
    pub(crate) fn parse_any<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, Unreadable> {
        let text = self.get::<Option<String>>(column)?;
        text.map(|text| text.parse()).transpose().map_err(|error| Unreadable::new(column, error))
    }

    /// What a column says in JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, Unreadable> {
        let text = self.get::<String>(column)?;
        serde_json::from_str(&text).map_err(|error| Unreadable::new(column, json_problem(&error)))
    }

    /// An address, if there is one. It may hold a password, which the text of an error quotes.
    pub(crate) fn address_any(&self, column: &'static str) -> Result<Option<Address>, Unreadable> {
        let text = self.get::<Option<String>>(column)?;
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(|_: Refusal| {
            Unreadable::new(
                column,
                "is no address, or one with a user, a password or a part behind #",
            )
        })
    }

    /// Sets the row aside.
    pub(crate) fn unread(
        &self,
        table: &'static str,
        key: &[&'static str],
        why: &Unreadable,
        remains: Remains,
    ) -> UnreadRow {
        let parts: Vec<String> = key.iter().map(|column| self.text(column)).collect();
        UnreadRow {
            table,
            key: parts.join(" ").into(),
            problem: shown(&format!("{}: {}", why.column, why.problem), PROBLEM).into_owned(),
            remains,
        }
    }

    /// The value of a column, as well as it can be shown.
    fn text(&self, column: &'static str) -> String {
        // A text of 16 characters would pass for a UUID.
        let text = self.get::<String>(column);
        let text = text.or_else(|_| self.get::<Uuid>(column).map(|id| id.to_string()));
        let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = text.or_else(|_| self.get::<Vec<u8>>(column).map(hex));
        let text = text.or_else(|_| self.get::<i64>(column).map(|number| number.to_string()));
        text.unwrap_or_else(|_| "?".into())
    }
}

impl Unreadable {
    pub(crate) fn new(column: &'static str, problem: impl Display) -> Self {
        Self { column, problem: problem.to_string() }
    }
}
