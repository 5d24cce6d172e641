use gatehall_domain::Refusal;

/// Why the store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The change breaks a rule; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Somebody else changed the company since the caller read it; nothing was written.
    #[error("somebody else changed something at the same moment: try again")]
    Moved,
    /// Too many want to change something; nothing was written.
    #[error("others are changing something and did not end in time: try again in a few seconds")]
    Busy,
    /// The address of the database is not one.
    #[error("\"{0}\" is no database: use sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    BadUrl(String),
    /// The database has migrations this program does not know.
    #[error(
        "the database was written by a newer version of gatehall (migration {0}): \
         start that version, or restore a backup made before it"
    )]
    Newer(i64),
    /// A migration is not the one that was applied.
    #[error(
        "migration {0} of the database is not the one this program has: use an unchanged release"
    )]
    Different(i64),
    /// The file or its folder cannot be written.
    #[error(
        "the database cannot be written: check the owner and the mode of its file and folder, or \
         whether the server is a standby"
    )]
    ReadOnly,
    /// The file cannot be opened.
    #[error("the database file cannot be opened: check that its folder exists and who owns it")]
    CannotOpen,
    /// Another program holds the database.
    #[error("another program holds the database locked: end it, or try again")]
    Locked,
    /// No room is left.
    #[error("the disk that holds the database is full: make room; nothing of this change was kept")]
    Full,
    /// The disk refuses to read or write.
    #[error(
        "the disk refuses to read or write the database: look at its room, its quota and its \
         health; nothing of this change was kept"
    )]
    Disk,
    /// The file is something else.
    #[error("the file is not a SQLite database, or it is damaged: restore a backup")]
    NotADatabase,
    /// The key file is not the one the credentials were sealed with.
    #[error("the key file does not belong to this database: {0}")]
    WrongKeys(gatehall_vault::VaultError),
    /// A stored value is not what its column should hold.
    #[error("{table}.{column} holds a value that cannot be read: {problem}")]
    BadValue {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The database works, and does not take a value: a text with a zero character, a rule of its own.
    #[error("the database does not take a value: {0}")]
    Unfit(String),
    /// The server cannot be reached.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Database(String),
}

impl StoreError {
    /// Whether there is no room to write, as far as the disk says.
    pub(crate) const fn is_no_room(&self) -> bool {
        matches!(self, Self::Full | Self::Disk)
    }

    /// Whether it says something about the database, and not about what was asked of it.
    pub(crate) const fn is_trouble(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::Moved
            | Self::Busy
            | Self::BadUrl(_)
            | Self::WrongKeys(_)
            | Self::BadValue { .. } => false,
            Self::Newer(_)
            | Self::Different(_)
            | Self::ReadOnly
            | Self::CannotOpen
            | Self::Locked
            | Self::Full
            | Self::Disk
            | Self::NotADatabase
            | Self::Unfit(_)
            | Self::Unreachable(_)
            | Self::Database(_) => true,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) => {
                let code = inner.code().unwrap_or_default();
                // SQLite's extended result codes keep the primary one in their low byte. SQLSTATEs
                // of PostgreSQL have five characters.
                let primary = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|c| c & 0xff);
                match (primary, code.as_ref()) {
                    (Some(5 | 6), _) => Self::Locked,
                    (Some(8), _) => Self::ReadOnly,
                    (Some(10), _) => Self::Disk,
                    // Only a row that was not read can still need what the rules let go.
                    (_, "23503" | "787") => Self::Refused(Refusal::StillNeeded),
                    (Some(13), _) | (_, "53100") => Self::Full,
                    (_, "25006") => Self::ReadOnly,
                    (_, "55P03") => Self::Busy,
                    (Some(14), _) => Self::CannotOpen,
                    (Some(11 | 26), _) => Self::NotADatabase,
                    (_, "40001" | "40P01") => Self::Moved,
                    (_, "28P01" | "28000" | "3D000" | "53300" | "57P01" | "57P02" | "57P03") => {
                        Self::Unreachable(inner.message().to_owned())
                    }
                    // Too big, against a rule, of another type, out of range.
                    (Some(18 | 19 | 20 | 25), _) => Self::Unfit(inner.message().to_owned()),
                    (None, code) if code.starts_with("22") || code.starts_with("23") => {
                        Self::Unfit(inner.message().to_owned())
                    }
                    _ => Self::Database(inner.message().to_owned()),
                }
            }
            sqlx::Error::Io(inner) => Self::Unreachable(inner.to_string()),
            sqlx::Error::PoolTimedOut => {
                Self::Unreachable("no connection became free in time".into())
            }
            sqlx::Error::Tls(inner) => Self::Unreachable(inner.to_string()),
            // Cut in the middle of what was said.
            sqlx::Error::Protocol(inner) => Self::Unreachable(inner.clone()),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unreachable("the connection was closed".into())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError as M;
        match error {
            M::VersionMissing(version) => Self::Newer(version),
            M::VersionMismatch(version) => Self::Different(version),
            M::Execute(inner) | M::ExecuteMigration(inner, _) => inner.into(),
            other => Self::Database(other.to_string()),
        }
    }
}
