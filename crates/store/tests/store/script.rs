//! Somebody else's program that writes the database.

use gatehall_test_support::Database;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection,
    postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};

/// A connection that knows nothing of the program.
pub(crate) enum Script {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Script {
    pub(crate) async fn new(database: &Database) -> Self {
        match database.url.strip_prefix("sqlite:") {
            Some(path) => {
                let options = SqliteConnectOptions::new().filename(path).foreign_keys(false);
                Self::Sqlite(options.connect().await.unwrap())
            }
            None => {
                let options: PgConnectOptions = database.url.parse().unwrap();
                let options = options.options([("search_path", "gatehall")]);
                Self::Postgres(options.connect().await.unwrap())
            }
        }
    }

    /// Runs a statement with texts in its places, and says how many rows it wrote.
    pub(crate) async fn run(&mut self, sql: &str, texts: &[&str]) -> Result<u64, String> {
        macro_rules! run {
            ($connection:expr) => {{
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for text in texts {
                    query = query.bind(*text);
                }
                query.execute($connection).await.map(|done| done.rows_affected())
            }};
        }
        let done = match self {
            Self::Sqlite(it) => run!(&mut *it),
            Self::Postgres(it) => run!(&mut *it),
        };
        done.map_err(|error| error.to_string())
    }

    /// Runs statements that have to be taken.
    pub(crate) async fn must(&mut self, sql: &str) {
        self.run(sql, &[]).await.unwrap_or_else(|said| panic!("{sql}: {said}"));
    }

    /// Runs a statement that has to be refused with these words.
    pub(crate) async fn refused(&mut self, sql: &str, says: &str) {
        match self.run(sql, &[]).await {
            Ok(_) => panic!("{sql} was taken"),
            Err(said) => assert!(said.contains(says), "{sql}: {said}"),
        }
    }

    /// The first value of a query, as text.
    pub(crate) async fn text(&mut self, sql: &str) -> String {
        match self {
            Self::Sqlite(it) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(it).await.unwrap(),
            Self::Postgres(it) => {
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(it).await.unwrap()
            }
        }
    }

    /// The first values of all rows, as texts.
    pub(crate) async fn texts(&mut self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(it) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(it).await.unwrap(),
            Self::Postgres(it) => {
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(it).await.unwrap()
            }
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(it) => it.close().await.unwrap(),
            Self::Postgres(it) => it.close().await.unwrap(),
        }
    }
}
