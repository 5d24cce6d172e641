//! From the arguments to the command that does the work.

use std::{io::IsTerminal, process::ExitCode};

use anyhow::{Context, Result};
use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    cli::{Command, Invocation},
    command, demo, output, serve,
    settings::{LogFormat, LogSettings},
};

/// Writes the program's log to standard error.
pub fn start_logging(settings: &LogSettings) {
    let filter = EnvFilter::try_new(&settings.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    // A log that cannot be written, on a full disk for example, must not stop anything.
    let base = fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    // A second start in one process, as in tests, keeps the first.
    let _ = match settings.log_format {
        LogFormat::Text => base.with_target(false).try_init(),
        LogFormat::Json => base.json().flatten_event(true).try_init(),
    };
}

/// TLS takes its crypto from one library, chosen here once.
pub fn choose_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Runs one command to its end.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(invocation: Invocation) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the program's threads could not be started")?;
    runtime.block_on(dispatch(invocation))
}

async fn dispatch(invocation: Invocation) -> Result<ExitCode> {
    let Invocation { command, store, told_to_all, .. } = invocation;
    if !told_to_all.is_empty() {
        tracing::warn!(
            "every process of this machine can read the command line, and {} of it: use the \
             variable or the settings file",
            told_to_all.join(" and ")
        );
    }
    match command {
        Command::Serve(settings) => serve::command(&store, &settings).await,
        Command::Demo(settings) => demo::command(store, settings).await,
        Command::DemoServer(which) => demo::server(which),
        Command::Import(options) => command::import::run(&store, options).await,
        Command::Export(options) => command::export::run(&store, options).await,
        Command::Check(options) => command::check::run(&store, options).await,
        Command::Doctor(options) => command::doctor::run(&store, options).await,
        Command::Healthcheck(options) => command::healthcheck::run(options).await,
        Command::Explain(options) => command::explain::run(&store, options).await,
        Command::Api(options) => command::api::run(options).await,
        Command::Audit(options) => command::audit::run(&store, options).await,
        Command::Undo(options) => command::undo::run(&store, options).await,
        Command::User(options) => command::user::run(&store, options).await,
        Command::Group(options) => command::group::run(&store, options).await,
        Command::Tenant(options) => command::tenant::run(&store, options).await,
        Command::Server(options) => command::server::run(&store, options).await,
        Command::Connection(options) => command::connection::run(&store, options).await,
        Command::Grant(options) => command::grant::run(&store, options).await,
        Command::Key(options) => command::key::run(&store, options).await,
        Command::Provider(options) => command::provider::run(&store, options).await,
        Command::HostRule(options) => command::host_rule::run(&store, options).await,
        Command::OpenWebui(options) => command::open_webui::run(&store, options).await,
        Command::Session(options) => command::session::run(&store, options).await,
        Command::Init(options) => command::init::run(options).await,
        Command::Admin(options) => command::admin::run(&store, options).await,
        Command::Reference => {
            output::text(&crate::cli::reference());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Says why a command failed, and gives the exit code for it.
pub fn report(error: &anyhow::Error) -> ExitCode {
    output::error(&format!("gatehall: {error:#}"));
    ExitCode::FAILURE
}
