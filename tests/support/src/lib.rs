//! What tests of several crates need: databases of both kinds, and the programs that
//! `scripts/tools` installs.
#![expect(clippy::expect_used, clippy::panic, reason = "a test may fail by panicking")]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;
use uuid::Uuid;

/// The two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of its own on a real server.
    Postgres,
}

/// An empty database, gone when dropped.
#[derive(Debug)]
pub struct Database {
    /// Its address, as Gatehall takes it.
    pub url: String,
    /// A folder for whatever lies beside it.
    pub folder: TempDir,
}

impl Database {
    /// Makes one.
    ///
    /// # Panics
    /// If there is no room for it, or no PostgreSQL.
    pub fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = match kind {
            Kind::Sqlite => format!("sqlite:{}", folder.path().join("gatehall.db").display()),
            Kind::Postgres => {
                let name = format!("test_{}", Uuid::now_v7().simple());
                let server = postgres();
                psql(server, &format!("create database {name}"));
                let (server, _) = server.rsplit_once('/').expect("an address with a database");
                format!("{server}/{name}")
            }
        };
        Self { url, folder }
    }

    /// The address of a database on PostgreSQL for the server's own superuser, whoever owns it.
    ///
    /// # Panics
    /// If it is on no such server.
    pub fn superuser(url: &str) -> String {
        let (_, name) = url.rsplit_once('/').expect("an address with a database");
        let (server, _) = postgres().rsplit_once('/').expect("an address with a database");
        format!("{server}/{name}")
    }
}

/// The address of a PostgreSQL server: the one that is set, else one that this process starts.
///
/// # Panics
/// If it cannot be started.
pub fn postgres() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var("GATEHALL_TEST_POSTGRES") {
        Ok(url) => url,
        Err(_) => {
            let own = std::process::id().to_string();
            let output = Command::new(root().join("scripts/postgres")).arg(own).output();
            let output = output.expect("scripts/postgres");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "PostgreSQL did not start: {said}");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
    })
}

/// Runs SQL as the server's owner.
///
/// # Panics
/// If it fails.
pub fn psql(url: &str, sql: &str) -> String {
    let output = Command::new(postgres_program("psql"))
        .args([
            url,
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ])
        .output()
        .expect("psql");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{sql}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Ends the connections to this PostgreSQL that hold a lock and do nothing, as a server may, and says
/// how many there were.
///
/// # Panics
/// If it fails.
pub fn end_lock_holders(url: &str) -> usize {
    let sql = "select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid) where \
               locktype = 'advisory' and state = 'idle' and datname = current_database()";
    psql(url, sql).lines().filter(|it| *it == "t").count()
}

/// Runs SQL as somebody would who is at the database, past the program.
///
/// # Panics
/// If it fails.
pub fn sql(database: &Database, statements: &str) {
    let Some(path) = database.url.strip_prefix("sqlite:") else {
        psql(&database.url, &format!("set search_path to gatehall; {statements}"));
        return;
    };
    let script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as it: it.executescript(sys.argv[2])";
    let output = Command::new("python3").args(["-c", script, path, statements]).output();
    let output = output.expect("python3");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{statements}: {said}");
}

/// A program of PostgreSQL, from where `scripts/postgres` finds the server, else from the path.
pub fn postgres_program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    // The newest can speak to all.
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
    versions.push("/usr/local/pgsql".into());
    let found = versions.into_iter().map(|folder| folder.join("bin").join(name));
    found.into_iter().find(|path| path.exists()).unwrap_or_else(|| name.into())
}

/// A program that `scripts/tools` installs, by its path within that folder.
///
/// # Panics
/// If it is not there.
pub fn tool(path: &str) -> PathBuf {
    let folder = match std::env::var_os("GATEHALL_TEST_TOOLS") {
        Some(folder) => PathBuf::from(folder),
        None => root().join(".cache/tools"),
    };
    let path = folder.join(path);
    assert!(path.exists(), "{} is missing: run scripts/tools", path.display());
    path
}

/// A program that the machine has, by its whole path: what the gate starts has no `PATH`.
///
/// # Panics
/// If the machine does not have it.
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|it| it.exists());
    found.unwrap_or_else(|| panic!("{name} is not installed"))
}

/// The reference server that offers something of every kind.
///
/// # Panics
/// If it is not there.
pub fn everything() -> PathBuf {
    tool("node_modules/@modelcontextprotocol/server-everything/dist/index.js")
}

/// The root of the project.
///
/// # Panics
/// Never, as long as this crate lies where it does.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().and_then(Path::parent).expect("the project's root").to_owned()
}
