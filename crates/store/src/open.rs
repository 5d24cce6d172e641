use std::{
    fs::File, io::ErrorKind, os::unix::fs::OpenOptionsExt, path::Path, str::FromStr, time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions, Connection, PgPool, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Store, StoreError, engine::Engine, reserve::Reserve, store::Writing};

/// How long connecting to a server may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Bytes of each of the four pieces of the reserve beside an SQLite database. Disabling a user takes
/// some 80,000.
const RESERVE: usize = 256 << 10;

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration::new(
            $version,
            $name.into(),
            MigrationType::Simple,
            sqlx::SqlStr::from_static(include_str!(concat!("../../../migrations/", $file))),
            false,
        )
    };
}

impl Store {
    /// Opens the database at `url` (`sqlite:PATH` or `postgres://…`) and brings it to this
    /// program's migrations.
    ///
    /// # Errors
    /// Whatever keeps the database from being used, with the remedy.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, None).await
    }

    /// The same with the password that the address has none of, for a PostgreSQL that asks for one.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub async fn open_with(url: &str, password: Option<&SecretString>) -> Result<Self, StoreError> {
        let store = match url.split_once(':') {
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                let (path, reserve) = (Path::new(path), Reserve::new(Path::new(path), RESERVE));
                let opened = match open_sqlite(path).await {
                    // Without any room not even reading is possible.
                    Err(error) if error.is_no_room() && reserve.release() => {
                        open_sqlite(path).await
                    }
                    opened => opened,
                };
                let (pool, writer) = opened?;
                // Where there is no room for a reserve now, the first write tries again.
                reserve.fill();
                let writing = Writing::with(reserve);
                Self::new(Engine::Sqlite(pool), Engine::Sqlite(writer), writing)
            }
            Some(("postgres" | "postgresql", _)) => {
                let pool = Engine::Postgres(open_postgres(url, password).await?);
                Self::new(pool.clone(), pool, Writing::default())
            }
            _ => return Err(StoreError::BadUrl(without_password(url))),
        };
        Ok(store)
    }
}

/// The pool for reading and the one for writing.
async fn open_sqlite(path: &Path) -> Result<(SqlitePool, SqlitePool), StoreError> {
    // One program at a time opens and migrates; the others wait for it.
    let _turn = turn(path).await;
    create_for_owner(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5));
    // What is committed outlives a loss of power. There are few commits, since events are written
    // in bulk.
    let durable = options.clone().synchronous(SqliteSynchronous::Full);
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(durable).await?;
    let migrations = vec![
        migration!(1, "records", "0001_records.sql"),
        migration!(2, "compatibility views", "sqlite/0002_compatibility_views.sql"),
        migration!(4, "doors", "0004_doors.sql"),
        migration!(5, "portal", "0005_portal.sql"),
        migration!(7, "reminders and audit", "0007_reminders_and_audit.sql"),
        migration!(8, "declared variables", "sqlite/0008_declared_variables.sql"),
        migration!(10, "views keep the rules", "sqlite/0010_views_keep_the_rules.sql"),
        migration!(12, "accounts", "sqlite/0012_accounts.sql"),
        migration!(13, "open webui", "0013_open_webui.sql"),
        migration!(14, "replica address", "0014_replica_address.sql"),
        migration!(15, "open webui setups", "0015_open_webui_setups.sql"),
    ];
    Migrator::with_migrations(migrations).run(&writer).await?;
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    Ok((pool, writer))
}

/// Waits for the lock of the folder in which the database lies. Without one (some network file
/// systems have none) there is no waiting.
async fn turn(path: &Path) -> Option<File> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let folder = File::open(folder)?;
        folder.lock().map(|()| folder)
    });
    locked.await.ok()?.ok()
}

/// Makes the file, for its owner alone, if it is not there.
fn create_for_owner(path: &Path) -> Result<(), StoreError> {
    match File::options().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) => match error.kind() {
            ErrorKind::AlreadyExists => Ok(()),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Err(StoreError::Full),
            _ => Err(StoreError::CannotOpen),
        },
        Ok(_) => Ok(()),
    }
}

async fn open_postgres(url: &str, password: Option<&SecretString>) -> Result<PgPool, StoreError> {
    let mut options =
        PgConnectOptions::from_str(url).map_err(|_| StoreError::BadUrl(without_password(url)))?;
    if let Some(password) = password {
        options = options.password(password.expose_secret());
    }
    let options = options
        .application_name("gatehall")
        .options([("search_path", "gatehall"), ("client_min_messages", "warning")]);
    // A pool would try again and again, and only say that it took too long.
    tokio::time::timeout(CONNECT, options.connect())
        .await
        .map_err(|_| StoreError::Unreachable("it does not answer".into()))??
        .close()
        .await?;
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(CONNECT)
        .connect_with(options)
        .await?;
    let migrations = vec![
        migration!(1, "records", "0001_records.sql"),
        migration!(2, "compatibility views", "postgres/0002_compatibility_views.sql"),
        migration!(3, "row level security", "postgres/0003_row_level_security.sql"),
        migration!(4, "doors", "0004_doors.sql"),
        migration!(5, "portal", "0005_portal.sql"),
        migration!(
            6,
            "tenant admins row level security",
            "postgres/0006_tenant_admins_row_level_security.sql"
        ),
        migration!(7, "reminders and audit", "0007_reminders_and_audit.sql"),
        migration!(8, "declared variables", "postgres/0008_declared_variables.sql"),
        migration!(10, "views keep the rules", "postgres/0010_views_keep_the_rules.sql"),
        migration!(12, "accounts", "postgres/0012_accounts.sql"),
        migration!(13, "open webui", "0013_open_webui.sql"),
        migration!(14, "replica address", "0014_replica_address.sql"),
        migration!(15, "open webui setups", "0015_open_webui_setups.sql"),
    ];
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.create_schema("gatehall");
    migrator.run(&pool).await?;
    Ok(pool)
}

/// The address up to the first thing that may be a password.
fn without_password(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://\u{2026}@{host}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}
