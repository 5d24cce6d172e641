//! Every setting once: flag, `GATEHALL_*` variable, help text and reference page are this text.

mod admin_proof;
mod chat_access;
mod doors;
mod file;
mod open_webuis;
mod processes;
mod secrets;
mod store;
mod toml_problem;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, FromArgMatches, ValueEnum};
use gatehall_gateway::{Accounts, GatewaySettings};
use gatehall_identity::Newcomers;
use secrecy::SecretString;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

pub use admin_proof::{AdminProof, ProofOptions};
pub(crate) use admin_proof::{FLAGS, secret};
pub use chat_access::WiringOptions;
pub use doors::{Domains, DoorOptions};
pub(crate) use doors::{domains, public_url};
pub use file::{FileError, secrets_in, with_defaults};
pub(crate) use open_webuis::{MadeUp, OpenWebUiOptions, OpenWebUiSource, open_webuis};
pub use processes::ProcessSettings;
pub(crate) use secrets::{has_password, told};
pub use store::StoreSettings;

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Log")]
pub struct LogSettings {
    /// What is logged: a level (error, warn, info, debug, trace), or levels by module.
    #[arg(
        long,
        env = "GATEHALL_LOG",
        value_name = "FILTER",
        value_parser = filter,
        default_value = "info",
        global = true
    )]
    pub log: String,

    /// How log lines look.
    #[arg(
        long,
        env = "GATEHALL_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text",
        global = true
    )]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the audit promises of calls that were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditMode {
    /// A crash may lose the events of the last second.
    Fast,
    /// Their events are on the disk, which is a folder of this machine; without audit no call.
    Sure,
}

/// Which unknown users of Open WebUI are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AddUnknown {
    /// None.
    False,
    /// Those whom a grant to a pattern of addresses means.
    Granted,
    /// All.
    True,
}

impl From<AddUnknown> for Newcomers {
    fn from(whom: AddUnknown) -> Self {
        match whom {
            AddUnknown::False => Self::Nobody,
            AddUnknown::Granted => Self::Granted,
            AddUnknown::True => Self::Everybody,
        }
    }
}

/// How the gate serves.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gate")]
pub struct ServeSettings {
    /// Address to listen on.
    #[arg(long, env = "GATEHALL_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Secret with which Open WebUI signs its user header (its
    /// FORWARD_USER_INFO_HEADER_JWT_SECRET). [default: open-webui.secret in the data folder, made
    /// if it is not there]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub open_webui_secret: Option<SecretString>,

    /// File with that secret, in place of --open-webui-secret. [default: none]
    #[arg(long, env = "GATEHALL_OPEN_WEBUI_SECRET_FILE", value_name = "FILE")]
    pub open_webui_secret_file: Option<PathBuf>,

    /// Add users whom Open WebUI vouches for and who are unknown here, with no groups: those to
    /// whose address something is granted by a pattern such as *@example.com (granted), all (true),
    /// or none (false).
    #[arg(long, env = "GATEHALL_ADD_UNKNOWN_USERS", value_name = "WHOM", default_value = "granted", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub add_unknown_users: AddUnknown,

    /// Host names under which clients may come, separated by commas. [default: any; only loopback
    /// names and that of the public address when listening on loopback]
    #[arg(long, env = "GATEHALL_ALLOWED_HOSTS", value_name = "NAMES", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,

    /// Origins of web pages that may call the gate, besides its own, separated by commas.
    #[arg(long, env = "GATEHALL_ALLOWED_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<String>,

    /// Commands with which administrators may add servers in the portal, separated by commas, as
    /// whole paths. At the command line any can be added. [default: none]
    #[arg(long, env = "GATEHALL_ALLOWED_COMMANDS", value_name = "PATHS", value_delimiter = ',')]
    pub allowed_commands: Vec<String>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc here would become the help's text")]
    pub doors: DoorOptions,

    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc here would become the help's text")]
    pub wiring: WiringOptions,

    /// Largest request body, in bytes.
    #[arg(long, env = "GATEHALL_REQUEST_BYTES", value_name = "BYTES", value_parser = count, default_value = "4194304")]
    pub request_bytes: usize,

    /// Largest answer of a server that is passed on, in bytes.
    #[arg(long, env = "GATEHALL_RESPONSE_BYTES", value_name = "BYTES", value_parser = count, default_value = "16777216")]
    pub response_bytes: usize,

    /// Seconds until a call is given up, unless its connection says otherwise.
    #[arg(
        long,
        env = "GATEHALL_CALL_TIMEOUT_SECONDS",
        value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..),
        default_value = "300"
    )]
    pub call_timeout_seconds: u64,

    /// Seconds until a server is given up that does not answer a handshake or a list.
    #[arg(
        long,
        env = "GATEHALL_OPEN_TIMEOUT_SECONDS",
        value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..),
        default_value = "20"
    )]
    pub open_timeout_seconds: u64,

    /// Calls under way at once on one connection, unless it says otherwise.
    #[arg(long, env = "GATEHALL_CONCURRENT_CALLS", value_name = "COUNT", value_parser = count, default_value = "256")]
    pub concurrent_calls: usize,

    /// Seconds of silence after which a client that waits for a call gets a sign of life. Less than
    /// the proxies in front wait for an answer.
    #[arg(long, env = "GATEHALL_KEEP_ALIVE_SECONDS", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), default_value = "15")]
    pub keep_alive_seconds: u64,

    /// Seconds between two looks at a server's tools.
    #[arg(long, env = "GATEHALL_REFRESH_SECONDS", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), default_value = "300")]
    pub refresh_seconds: u64,

    /// Tools on one page of a list.
    #[arg(long, env = "GATEHALL_PAGE_TOOLS", value_name = "COUNT", value_parser = count, default_value = "1000")]
    pub page_tools: usize,

    /// Seconds for which the gate answers from what it knows while its database is away.
    #[arg(
        long,
        env = "GATEHALL_STALE_AFTER_SECONDS",
        value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..),
        default_value = "600"
    )]
    pub stale_after_seconds: u64,

    /// Whether a call is answered only when its event is on the disk (sure), or at once, so that a
    /// crash loses the events of the last second at most (fast).
    #[arg(long, env = "GATEHALL_AUDIT", value_name = "HOW", default_value = "fast")]
    pub audit: AuditMode,

    /// Days for which the audit is kept; 0 for ever.
    #[arg(long, env = "GATEHALL_AUDIT_DAYS", value_name = "DAYS", default_value = "365")]
    pub audit_days: u32,

    /// Seconds that calls under way have to end after the first SIGTERM.
    #[arg(long, env = "GATEHALL_DRAIN_SECONDS", value_name = "SECONDS", default_value = "30")]
    pub drain_seconds: u64,

    /// Connections of clients at once; more have to wait.
    #[arg(long, env = "GATEHALL_CONNECTIONS", value_name = "COUNT", value_parser = count, default_value = "10000")]
    pub connections: usize,
}

/// A command with every setting there is.
fn every_setting() -> clap::Command {
    let command = StoreSettings::augment_args(clap::Command::new(""));
    ServeSettings::augment_args(LogSettings::augment_args(command))
}

/// The settings whose values nobody else is to read.
pub(crate) fn secret_names() -> Vec<String> {
    let command = every_setting();
    let secret = command.get_arguments().filter(|arg| arg.is_hide_env_values_set());
    secret.map(|arg| arg.get_id().to_string()).collect()
}

/// Whether the value of such a setting is one to keep: an address may be without a password.
pub(crate) fn is_secret(value: &str) -> bool {
    !value.starts_with("sqlite:") && (!value.contains("://") || value.contains('@'))
}

/// A number of things that must not be none.
fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be 1 or more".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("must be a whole number".into()),
    }
}

/// A filter for the log. A word that stands alone has to be a level: as the name of a module it
/// would switch everything else off.
fn filter(text: &str) -> Result<String, String> {
    let alone = text.split(',').map(str::trim).filter(|part| !part.contains(['=', '[']));
    for word in alone {
        word.parse::<LevelFilter>().map_err(|_| {
            format!("\"{word}\" is no level: use error, warn, info, debug or trace")
        })?;
    }
    EnvFilter::try_new(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

impl Default for ServeSettings {
    /// The defaults of the flags.
    fn default() -> Self {
        let command = Self::augment_args(clap::Command::new("gatehall"));
        let defaults = command.try_get_matches_from(["gatehall"]);
        match defaults.and_then(|matches| Self::from_arg_matches(&matches)) {
            Ok(settings) => settings,
            Err(error) => error.exit(),
        }
    }
}

impl ServeSettings {
    /// What of it concerns Open WebUIs.
    pub(crate) fn open_webuis(&self) -> OpenWebUiOptions<'_> {
        OpenWebUiOptions {
            secret: self.open_webui_secret.as_ref(),
            secret_file: self.open_webui_secret_file.as_deref(),
            domains: &self.doors.open_webui_domains,
            binds_admins: self.doors.open_webui_binds_admins,
            file: self.doors.open_webuis.as_deref(),
            wiring: &self.wiring,
        }
    }

    /// What of it concerns the gateway, when it listens on `address`.
    pub fn gateway(&self, address: SocketAddr, accounts: Accounts) -> GatewaySettings {
        let mut allowed_hosts = self.allowed_hosts.clone();
        if allowed_hosts.is_empty() && address.ip().is_loopback() {
            allowed_hosts = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
            // A proxy on this machine brings the name that browsers use.
            let public = self.doors.public_url.as_ref().and_then(|url| url.host_str());
            allowed_hosts.extend(public.map(str::to_owned));
        }
        GatewaySettings {
            request_bytes: self.request_bytes,
            response_bytes: self.response_bytes,
            call_timeout: Duration::from_secs(self.call_timeout_seconds),
            open_timeout: Duration::from_secs(self.open_timeout_seconds),
            concurrent_calls: self.concurrent_calls,
            keep_alive: Duration::from_secs(self.keep_alive_seconds),
            refresh: Duration::from_secs(self.refresh_seconds),
            page_tools: self.page_tools,
            stale_after: Duration::from_secs(self.stale_after_seconds),
            allowed_hosts,
            allowed_origins: self.allowed_origins.clone(),
            accounts,
        }
    }
}
