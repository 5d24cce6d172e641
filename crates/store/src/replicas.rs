//! The gates that serve this company.

use gatehall_domain::Timestamp;
use serde::Serialize;
use sqlx::query;

use crate::{Store, StoreError, engine::on, readable::readable};

/// A gate that says of itself what it serves.
#[derive(Debug, Clone, Serialize)]
pub struct Replica {
    /// Its name: that of its machine, with its address.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// The address under which browsers know it, if it knows.
    pub public_url: Option<String>,
    /// The revision it serves.
    pub revision: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last said so.
    pub seen_at: Timestamp,
    /// What it says of Open WebUIs, as JSON; none from one that does not speak of them.
    pub chats: Option<String>,
}

type Row = (String, String, i64, i64, i64, Option<String>, Option<String>);

impl Store {
    /// Keeps what a replica says of itself, and forgets those that were silent for a day.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn put_replica(&self, replica: &Replica) -> Result<(), StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            on!(&mut transaction, it => query(
                "insert into replicas
                    (name, version, revision, started_at, seen_at, public_url, chats)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (name) do update set version = excluded.version,
                    revision = excluded.revision, started_at = excluded.started_at,
                    seen_at = excluded.seen_at, public_url = excluded.public_url,
                    chats = excluded.chats")
                .bind(replica.name.as_str())
                .bind(replica.version.as_str())
                .bind(replica.revision as i64)
                .bind(replica.started_at.micros())
                .bind(replica.seen_at.micros())
                .bind(replica.public_url.as_deref())
                .bind(replica.chats.as_deref())
                .execute(&mut **it).await.map(drop))?;
            on!(&mut transaction, it => query("delete from replicas where seen_at < $1")
                .bind(replica.seen_at.plus_seconds(-24 * 3600).micros())
                .execute(&mut **it).await.map(drop))?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Takes away a replica that ends.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn remove_replica(&self, name: &str) -> Result<(), StoreError> {
        self.write(async {
            on!(&self.writer, pool => query("delete from replicas where name = $1")
                .bind(name)
                .execute(pool).await.map(drop))?;
            Ok(())
        })
        .await
    }

    /// The replicas that said something at `since` or later, by name.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn replicas(&self, since: Timestamp) -> Result<Vec<Replica>, StoreError> {
        let rows: Vec<Row> = on!(&self.pool, pool => query(
            "select name, version, revision, started_at, seen_at, public_url, chats
             from replicas where seen_at >= $1 order by name")
            .bind(since.micros())
            .fetch_all(pool).await.map(|rows| readable("replicas", &rows)))?;
        let read = |(name, version, revision, started_at, seen_at, public_url, chats)| Replica {
            name,
            version,
            revision: revision as u64,
            started_at: Timestamp::from_micros(started_at),
            seen_at: Timestamp::from_micros(seen_at),
            public_url,
            chats,
        };
        Ok(rows.into_iter().map(|row: Row| read(row)).collect())
    }
}
