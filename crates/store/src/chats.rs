//! What gates have to tell each other of Open WebUIs.

use std::collections::BTreeMap;

use gatehall_domain::{RefusedAccount, Timestamp, UserId};
use sqlx::query;
use uuid::Uuid;

use crate::{Store, StoreError, engine::on, readable::readable};

/// Seconds after which an account is forgotten that came no more: a month.
const FORGET: i64 = 30 * 24 * 3600;

impl Store {
    /// The fingerprints of the secrets of Open WebUIs, by name, as a gate last kept them.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn open_webui_secrets(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let rows: Vec<(String, String)> = on!(&self.pool, pool =>
            query("select id, fingerprint from open_webui_secrets")
                .fetch_all(pool).await.map(|rows| readable("open_webui_secrets", &rows)))?;
        Ok(rows.into_iter().collect())
    }

    /// Keeps the fingerprint of a secret. One that is kept already stays, unless it may be replaced;
    /// then it is so from `now` on. Answers what is kept, so that of two gates that begin at once
    /// one hears of the other.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn keep_open_webui_secret(
        &self,
        id: &str,
        fingerprint: &str,
        replace: bool,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            on!(&mut transaction, it => query(
                "insert into open_webui_secrets (id, fingerprint, since) values ($1, $2, $3)
                 on conflict (id) do update set fingerprint = excluded.fingerprint,
                    since = excluded.since
                 where $4 and open_webui_secrets.fingerprint <> excluded.fingerprint")
                .bind(id)
                .bind(fingerprint)
                .bind(now.micros())
                .bind(replace)
                .execute(&mut **it).await.map(drop))?;
            transaction.commit().await?;
            Ok(())
        })
        .await?;
        let kept = self.open_webui_secrets().await?.remove(id);
        Ok(kept.unwrap_or_else(|| fingerprint.to_owned()))
    }

    /// Keeps accounts that a gate did not let in, and forgets those of more than a month ago.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn put_refused_accounts(
        &self,
        refused: &[RefusedAccount],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            for account in refused {
                on!(&mut transaction, it => query(
                    "insert into refused_accounts (issuer, user_id, subject, at)
                     values ($1, $2, $3, $4)
                     on conflict (issuer, user_id) do update set subject = excluded.subject,
                        at = excluded.at")
                    .bind(account.issuer.as_str())
                    .bind(account.user.0)
                    .bind(account.subject.as_str())
                    .bind(account.at.micros())
                    .execute(&mut **it).await.map(drop))?;
            }
            on!(&mut transaction, it => query("delete from refused_accounts where at < $1")
                .bind(now.plus_seconds(-FORGET).micros())
                .execute(&mut **it).await.map(drop))?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Accounts that were not let in during the last month, the newest first. Of some nobody has to
    /// decide any more ([`RefusedAccount::is_open`]).
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn refused_accounts(
        &self,
        now: Timestamp,
    ) -> Result<Vec<RefusedAccount>, StoreError> {
        let rows: Vec<RefusedRow> = on!(&self.pool, pool => query(
            "select issuer, user_id, subject, at from refused_accounts where at >= $1
             order by at desc, user_id, issuer")
            .bind(now.plus_seconds(-FORGET).micros())
            .fetch_all(pool).await.map(|rows| readable("refused_accounts", &rows)))?;
        Ok(rows.into_iter().map(refused_account).collect())
    }

    /// Those of one user.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn refused_accounts_of(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<RefusedAccount>, StoreError> {
        let rows: Vec<RefusedRow> = on!(&self.pool, pool => query(
            "select issuer, user_id, subject, at from refused_accounts
             where user_id = $1 and at >= $2 order by at desc, issuer")
            .bind(user.0)
            .bind(now.plus_seconds(-FORGET).micros())
            .fetch_all(pool).await.map(|rows| readable("refused_accounts", &rows)))?;
        Ok(rows.into_iter().map(refused_account).collect())
    }
}

type RefusedRow = (String, Uuid, String, i64);

fn refused_account((issuer, user, subject, at): RefusedRow) -> RefusedAccount {
    RefusedAccount { issuer, subject, user: UserId(user), at: Timestamp::from_micros(at) }
}
