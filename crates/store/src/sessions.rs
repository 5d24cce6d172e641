//! Who is signed in, and the links that sign in once. None of it makes a revision.

use gatehall_domain::{
    CLOCKS_APART, Ciphertext, Digest, ProviderLogin, Session, Sessions, Timestamp, UserId,
};
use sqlx::{ColumnIndex, Decode, FromRow, Type, query, query_as, query_scalar};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    engine::{Engine, Transaction, on},
    many_rows::ManyRows,
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

static NEW: ManyRows = ManyRows::new(
    "insert into sessions (id, user_id, provider_id, issuer, subject, provider_session, id_token,
        authenticated_at, created_at, seen_at, expires_at, changed_at, issued_at)",
    13,
    "",
);

impl Store {
    /// Keeps new sessions, all or none.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn add_sessions(&self, sessions: &[Session]) -> Result<(), StoreError> {
        self.write(async {
            let mut transaction = self.writer.begin_write().await?;
            for (text, sessions) in NEW.statements(&transaction, sessions) {
                on!(&mut transaction, it => {
                    let mut insert = query(text);
                    for session in sessions {
                        let login = session.login.as_ref();
                        insert = insert
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
                            .bind(session.created_at.micros())
                            .bind(login.and_then(|it| it.issued_at));
                    }
                    insert.execute(&mut **it).await.map(drop)
                })?;
            }
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
        self.end(&[(which, None)], now).await
    }

    /// Ends sessions as somebody wanted it at the time beside them, when it could not be written.
    /// What began later is not meant.
    ///
    /// # Errors
    /// If the database cannot be written; then none of them has ended.
    pub async fn end_sessions_late(
        &self,
        all: &[(Sessions, Timestamp)],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let all: Vec<_> = all.iter().map(|(which, at)| (which, Some(*at))).collect();
        self.end(&all, now).await
    }

    async fn end(
        &self,
        all: &[(&Sessions, Option<Timestamp>)],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        loop {
            match in_time(LIMIT, self.try_end(all, now)).await {
                Err(error) if error.is_no_room() && self.release() => {}
                ended => return self.note(ended),
            }
        }
    }

    async fn try_end(
        &self,
        all: &[(&Sessions, Option<Timestamp>)],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.writer.begin_write().await?;
        let mut ended = 0;
        for (which, begun_by) in all {
            ended += end_within(&mut transaction, which, now, *begun_by).await?;
        }
        notify(&mut transaction).await?;
        transaction.commit().await?;
        Ok(ended)
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

/// The statement that ends these sessions. Each kind has one of its own, so that the database finds
/// them by an index.
macro_rules! end_those {
    ($which:literal) => {
        concat!(
            "update sessions set ended_at = $1, changed_at = $1
             where ended_at is null and expires_at > $1 and ($2 is null or created_at <= $2) and ",
            $which
        )
    };
}

async fn end_within(
    transaction: &mut Transaction,
    which: &Sessions,
    now: Timestamp,
    begun_by: Option<Timestamp>,
) -> sqlx::Result<u64> {
    let (now, begun_by) = (now.micros(), begun_by.map(Timestamp::micros));
    on!(transaction, it => {
        let end = match which {
            Sessions::One(id) => query(end_those!("id = $3"))
                .bind(now)
                .bind(begun_by)
                .bind(id.0.as_slice()),
            Sessions::User(user) => query(end_those!("user_id = $3"))
                .bind(now)
                .bind(begun_by)
                .bind(user.0),
            Sessions::Account { issuer, subject, session, until } => query(end_those!(
                "issuer = $3 and ($4 is null or subject = $4)
                 and ($5 is null or provider_session = $5
                      or (provider_session is null and $4 is not null))
                 and ($6 is null or coalesce(issued_at, created_at / 1000000 - $7) <= $6)"))
                .bind(now)
                .bind(begun_by)
                .bind(issuer.as_str())
                .bind(subject.as_deref())
                .bind(session.as_deref())
                .bind(*until)
                .bind(CLOCKS_APART),
        };
        end.execute(&mut **it).await.map(|done| done.rows_affected())
    })
}

pub(crate) fn digest(bytes: Vec<u8>) -> Result<Digest, StoreError> {
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
