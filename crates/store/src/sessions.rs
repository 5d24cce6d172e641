//! Who is signed in, and the links that sign in once. None of it makes a revision.

use gatehall_domain::{
    CLOCKS_APART, Ciphertext, Digest, ProviderLogin, Session, Sessions, Timestamp, UserId,
};
use sqlx::{ColumnIndex, Decode, FromRow, Type, query, query_as, query_scalar};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    engine::{Engine, Transaction, on},
    readable::{readable, tell},
    writing::{LIMIT, in_time},
};

/// How long a session that cannot be read is remembered as over, in seconds. It is read again.
const OVER: i64 = 24 * 3600;

type Row = (
    Vec<u8>,
    Uuid,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
    i64,
    i64,
    i64,
    i64,
    Option<i64>,
    Option<i64>,
);

impl Store {
    /// Keeps a new session.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn add_session(&self, session: &Session) -> Result<(), StoreError> {
        let login = session.login.as_ref();
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            on!(&mut transaction, it => query(
                "insert into sessions (id, user_id, provider_id, issuer, subject, provider_session,
                    id_token, authenticated_at, created_at, seen_at, expires_at, changed_at,
                    issued_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $9, $12)")
                .bind(session.id.0.as_slice())
                .bind(session.user.0)
                .bind(login.map(|it| it.provider.as_str()))
                .bind(login.map(|it| it.issuer.as_str()))
                .bind(login.map(|it| it.subject.as_str()))
                .bind(login.and_then(|it| it.session.as_deref()))
                .bind(login.and_then(|it| it.id_token.as_ref()).map(|it| it.0.as_ref()))
                .bind(session.authenticated_at.micros())
                .bind(session.created_at.micros())
                .bind(session.seen_at.micros())
                .bind(session.expires_at.micros())
                .bind(login.and_then(|it| it.issued_at))
                .execute(&mut **it).await.map(drop))?;
            notify(&mut transaction).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Ends sessions that live, and says how many. Where there is no room, the reserve makes some.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn end_sessions(&self, which: &Sessions, now: Timestamp) -> Result<u64, StoreError> {
        self.end(which, now, None).await
    }

    /// Ends sessions as somebody wanted it at `at`, when it could not be written. What began later
    /// is not meant.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn end_sessions_late(
        &self,
        which: &Sessions,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.end(which, now, Some(at)).await
    }

    async fn end(
        &self,
        which: &Sessions,
        now: Timestamp,
        begun_by: Option<Timestamp>,
    ) -> Result<u64, StoreError> {
        loop {
            match in_time(LIMIT, self.try_end(which, now, begun_by)).await {
                Err(error) if error.is_no_room() && self.release() => {}
                ended => return self.note(ended),
            }
        }
    }

    async fn try_end(
        &self,
        which: &Sessions,
        now: Timestamp,
        begun_by: Option<Timestamp>,
    ) -> Result<u64, StoreError> {
        let (id, user, issuer, subject, provider_session, until) = match which {
            Sessions::One(id) => (Some(id.0.as_slice()), None, None, None, None, None),
            Sessions::User(user) => (None, Some(user.0), None, None, None, None),
            Sessions::Account { issuer, subject, session, until } => {
                let (subject, session) = (subject.as_deref(), session.as_deref());
                (None, None, Some(issuer.as_str()), subject, session, *until)
            }
        };
        let mut transaction = self.writer.begin_write().await?;
        let ended = on!(&mut transaction, it => query(
            "update sessions set ended_at = $1, changed_at = $1
             where ended_at is null and expires_at > $1
               and ($2 is null or id = $2) and ($3 is null or user_id = $3)
               and ($4 is null or issuer = $4) and ($5 is null or subject = $5)
               and ($6 is null or provider_session = $6
                    or (provider_session is null and $5 is not null))
               and ($7 is null or coalesce(issued_at, created_at / 1000000 - $8) <= $7)
               and ($9 is null or created_at <= $9)")
            .bind(now.micros())
            .bind(id)
            .bind(user)
            .bind(issuer)
            .bind(subject)
            .bind(provider_session)
            .bind(until)
            .bind(CLOCKS_APART)
            .bind(begun_by.map(Timestamp::micros))
            .execute(&mut **it).await.map(|done| done.rows_affected()))?;
        notify(&mut transaction).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    /// Keeps when sessions were last used, and forgets those that have long expired.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_session_uses(
        &self,
        uses: &[(Digest, Timestamp)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            for (id, at) in uses {
                on!(&mut transaction, it => query(
                    "update sessions set seen_at = $2 where id = $1 and seen_at < $2")
                    .bind(id.0.as_slice())
                    .bind(at.micros())
                    .execute(&mut **it).await.map(drop))?;
            }
            on!(&mut transaction, it => query("delete from sessions where expires_at < $1")
                .bind(now.plus_seconds(-7 * 24 * 3600).micros())
                .execute(&mut **it).await.map(drop))?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Which sessions were used at `since` or later, and when.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn session_uses(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(Digest, Timestamp)>, StoreError> {
        let rows: Vec<(Vec<u8>, i64)> = on!(&self.pool, pool => query(
            "select id, seen_at from sessions where seen_at >= $1")
            .bind(since.micros())
            .fetch_all(pool).await.map(|rows| readable("sessions", &rows)))?;
        let read = |(id, at)| Some((digest(id).ok()?, Timestamp::from_micros(at)));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// One session, if it has not expired.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn session(&self, id: Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let row: Option<Row> = on!(&self.pool, pool => query_as(
            "select id, user_id, provider_id, issuer, subject, provider_session, id_token,
                authenticated_at, created_at, seen_at, expires_at, ended_at, issued_at
             from sessions where id = $1 and expires_at > $2")
            .bind(id.0.as_slice())
            .bind(now.micros())
            .fetch_optional(pool).await)?;
        row.map(read).transpose()
    }

    /// The sessions that began or ended at `since` or later and have not expired.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn sessions_since(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        Ok(on!(&self.pool, pool => query(
            "select id, user_id, provider_id, issuer, subject, provider_session, id_token,
                authenticated_at, created_at, seen_at, expires_at, ended_at, issued_at
             from sessions where changed_at >= $1 and expires_at > $2 order by created_at")
            .bind(since.micros())
            .bind(now.micros())
            .fetch_all(pool).await
            .map(|rows| rows.iter().filter_map(|row| read_or_end(row, now)).collect()))?)
    }

    /// The live sessions of a user, the newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<Session>, StoreError> {
        let rows: Vec<Row> = on!(&self.pool, pool => query(
            "select id, user_id, provider_id, issuer, subject, provider_session, id_token,
                authenticated_at, created_at, seen_at, expires_at, ended_at, issued_at
             from sessions where user_id = $1 and expires_at > $2 and ended_at is null
             order by created_at desc limit 50")
            .bind(user.0)
            .bind(now.micros())
            .fetch_all(pool).await.map(|rows| readable("sessions", &rows)))?;
        Ok(rows.into_iter().filter_map(|row| read(row).ok()).collect())
    }

    /// Keeps a link that signs a user in once.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn add_sign_in_link(
        &self,
        digest: Digest,
        user: UserId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            on!(&mut transaction, it => query("delete from sign_in_links where expires_at < $1")
                .bind(now.micros())
                .execute(&mut **it).await.map(drop))?;
            on!(&mut transaction, it => query(
                "insert into sign_in_links (digest, user_id, created_at, expires_at)
                 values ($1, $2, $3, $4)")
                .bind(digest.0.as_slice())
                .bind(user.0)
                .bind(now.micros())
                .bind(expires_at.micros())
                .execute(&mut **it).await.map(drop))?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Uses a link up, and says whom it signs in.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn use_sign_in_link(
        &self,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            let user: Option<Uuid> = on!(&mut transaction, it => query_scalar(
                "delete from sign_in_links where digest = $1 and expires_at > $2 returning user_id")
                .bind(digest.0.as_slice())
                .bind(now.micros())
                .fetch_optional(&mut **it).await)?;
            transaction.commit().await?;
            Ok(user.map(UserId))
        })
        .await
    }
}

fn digest(bytes: Vec<u8>) -> Result<Digest, StoreError> {
    let bytes = <[u8; 32]>::try_from(bytes);
    bytes.map(Digest).map_err(|_| StoreError::BadValue {
        table: "sessions",
        column: "id",
        problem: "not 32 bytes".into(),
    })
}

fn read(row: Row) -> Result<Session, StoreError> {
    let issued_at = row.12;
    let (id, user, provider, issuer, subject, session, id_token, ..) = row;
    let provider = provider.and_then(|it| it.parse().ok());
    let login = provider.zip(issuer).zip(subject).map(|((provider, issuer), subject)| {
        let id_token = id_token.map(|bytes| Ciphertext(bytes.into()));
        ProviderLogin { provider, issuer, subject, session, issued_at, id_token }
    });
    Ok(Session {
        id: digest(id)?,
        user: UserId(user),
        login,
        authenticated_at: Timestamp::from_micros(row.7),
        created_at: Timestamp::from_micros(row.8),
        seen_at: Timestamp::from_micros(row.9),
        expires_at: Timestamp::from_micros(row.10),
        ended_at: row.11.map(Timestamp::from_micros),
    })
}

/// A session; one that cannot be read is over, in case it was ended.
fn read_or_end<R>(row: &R, now: Timestamp) -> Option<Session>
where
    R: sqlx::Row,
    Row: for<'r> FromRow<'r, R>,
    Vec<u8>: Type<R::Database> + for<'r> Decode<'r, R::Database>,
    &'static str: ColumnIndex<R>,
{
    let session = Row::from_row(row).map_err(StoreError::from).and_then(read);
    let Err(error) = session else { return session.ok() };
    tell("sessions", &error);
    Some(Session {
        id: digest(row.try_get("id").ok()?).ok()?,
        user: UserId(Uuid::nil()),
        login: None,
        authenticated_at: now,
        created_at: now,
        seen_at: now,
        expires_at: now.plus_seconds(OVER),
        ended_at: Some(now),
    })
}

/// Tells the other replicas, when the transaction commits. On SQLite they look by themselves.
async fn notify(transaction: &mut Transaction) -> Result<(), StoreError> {
    if let Engine::Postgres(it) = transaction {
        query("select pg_notify('gatehall_sessions', '')").execute(&mut **it).await?;
    }
    Ok(())
}
