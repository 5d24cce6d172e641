//! The command line.

use std::ffi::{OsStr, OsString};

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, parser::ValueSource};

use crate::{
    command, demo,
    settings::{LogSettings, ServeSettings, StoreSettings, is_secret, with_defaults},
};

/// The gate between people, AI chats and tools. Each person sees and calls exactly the tools of the
/// tenants that their groups reach.
///
/// Start with: gatehall demo
#[derive(Debug, Parser)]
#[command(name = "gatehall", version, max_term_width = 100)]
pub struct Invocation {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc here would become the program's help text")]
    pub store: StoreSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc here would become the program's help text")]
    pub log: LogSettings,
    /// The settings whose values stand on the command line, where every user of the machine can
    /// read them, and should not.
    #[arg(skip)]
    pub told_to_all: Vec<String>,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the gate: MCP and OpenAPI for every caller, by their rights.
    Serve(ServeSettings),
    /// Serve an example company with three tenants, four users and two tool servers.
    Demo(demo::DemoOptions),
    /// A tool server of the demo.
    #[command(hide = true)]
    DemoServer(demo::ServerOptions),
    /// Compare a file with what is there, show the plan, and apply it.
    Import(command::import::ImportOptions),
    /// Write everything but secrets and keys as a file that import reads.
    Export(command::export::ExportOptions),
    /// Open every connection and say what it speaks, or what to do about its failure.
    Check(command::check::CheckOptions),
    /// Look at sign-in, providers and proxies of a running gate, and say how to mend what is wrong.
    Doctor(command::doctor::DoctorOptions),
    /// Ask the gate of this machine or container whether it serves: exit code 0, or 1 and why not.
    Healthcheck(command::healthcheck::HealthcheckOptions),
    /// Say what a user reaches and why, or which step is missing.
    Explain(command::explain::ExplainOptions),
    /// Ask a running gate through its management API: tools, access, health and all the rest.
    Api(command::api::ApiOptions),
    /// Show the newest events of the audit.
    Audit(command::audit::AuditOptions),
    /// Undo a change, as long as nothing newer touched what it changed.
    Undo(command::undo::UndoOptions),
    /// Users and their groups.
    User(command::user::UserCommand),
    /// Groups and their members.
    Group(command::group::GroupCommand),
    /// Tenants.
    Tenant(command::tenant::TenantCommand),
    /// Descriptions of tool servers.
    Server(command::server::ServerCommand),
    /// A tenant's use of a server, and its credentials.
    Connection(command::connection::ConnectionCommand),
    /// Who may use what.
    Grant(command::grant::GrantCommand),
    /// API keys of users and of services such as Open WebUI.
    Key(command::key::KeyCommand),
    /// OpenID providers with which people sign in, and what their claims mean here.
    Provider(command::provider::ProviderCommand),
    /// Whom proxies let through to a host that asks this gate.
    HostRule(command::host_rule::HostRuleCommand),
    /// Open WebUI: set it up for this gate, check it, or undo it.
    OpenWebui(command::open_webui::OpenWebUiCommand),
    /// Who is signed in with a browser.
    Session(command::session::SessionCommand),
    /// Write what a deployment needs: settings, secrets and the files themselves.
    Init(command::init::InitCommand),
    /// Ways in for administrators.
    Admin(command::admin::AdminCommand),
    /// The reference page of all settings, as Markdown.
    #[command(hide = true)]
    Reference,
}

/// Reads the arguments. Settings come from flags, else from variables, else from the settings
/// file, else they have their defaults.
///
/// # Errors
/// What to print and how to exit, also for `--help`.
pub fn read_arguments(
    arguments: impl Iterator<Item = OsString>,
) -> Result<Invocation, clap::Error> {
    let arguments: Vec<OsString> = arguments.collect();
    let command = empty_is_unset(Invocation::command());
    let first = command.clone().try_get_matches_from(&arguments)?;
    let mut invocation = Invocation::from_arg_matches(&first)?;
    let Some(path) = &invocation.store.config else {
        invocation.told_to_all = told_to_all(&first);
        return Ok(invocation);
    };
    let command = with_defaults(command, path)
        .map_err(|error| Invocation::command().error(clap::error::ErrorKind::Io, error))?;
    let matches = command.try_get_matches_from(&arguments)?;
    let mut invocation = Invocation::from_arg_matches(&matches)?;
    invocation.told_to_all = told_to_all(&matches);
    Ok(invocation)
}

/// Variables of a deployment that are there with nothing in them say nothing.
const EMPTY_IS_UNSET: [&str; 10] = [
    "GATEHALL_OPEN_WEBUI_URL",
    "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN",
    "GATEHALL_OPEN_WEBUI_ADMIN_TOKEN_FILE",
    "GATEHALL_OPEN_WEBUI_ADMIN_EMAIL",
    "GATEHALL_OPEN_WEBUI_TRUSTED_HEADER",
    "GATEHALL_OPEN_WEBUI_ADMIN_PASSWORD_FILE",
    "GATEHALL_OPEN_WEBUI_FOLLOW",
    "GATEHALL_OPEN_WEBUI_GATE_URL",
    "GATEHALL_OPEN_WEBUI_KEY",
    "GATEHALL_OPEN_WEBUI_KEY_FILE",
];

fn empty_is_unset(command: clap::Command) -> clap::Command {
    let says_nothing = |name: &OsStr| {
        EMPTY_IS_UNSET.iter().any(|it| name == OsStr::new(it))
            && std::env::var_os(name).is_some_and(|it| it.is_empty())
    };
    let command = command.mut_args(|arg| match arg.get_env().is_some_and(says_nothing) {
        true => arg.env(None::<&str>),
        false => arg,
    });
    command.mut_subcommands(empty_is_unset)
}

/// The settings with secrets that are on the command line, of whichever command.
fn told_to_all(matches: &ArgMatches) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let (mut command, mut matches) = (Invocation::command(), matches);
    let mut secret = Vec::new();
    loop {
        let hidden = command.get_arguments().filter(|arg| arg.is_hide_env_values_set());
        // A command may call a setting otherwise.
        secret.extend(
            hidden.filter_map(|arg| Some((arg.get_id().to_string(), arg.get_long()?.to_owned()))),
        );
        for (name, flag) in &secret {
            // A command has only some of the settings.
            let Ok(Some(mut values)) = matches.try_get_raw(name) else { continue };
            let on_it = matches.value_source(name) == Some(ValueSource::CommandLine);
            let flag = format!("--{flag}");
            let is_one = values.any(|value| is_secret(&value.to_string_lossy()));
            if on_it && is_one && !told.contains(&flag) {
                told.push(flag);
            }
        }
        let Some((name, below)) = matches.subcommand() else { return told };
        let Some(next) = command.find_subcommand(name).cloned() else { return told };
        (command, matches) = (next, below);
    }
}

/// The reference page of all settings, made of the same text as `--help`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Settings\n\nEvery setting is a flag, a variable and a line of the settings file \
         (`--config FILE`, TOML). A flag wins over the variable, the variable over the file, the \
         file over the default. No setting at all works, too.\n\nThis page is what \
         `gatehall reference` prints.\n",
    );
    let command = Invocation::command();
    let serve = command.find_subcommand("serve").cloned().unwrap_or_default();
    for (title, command) in [("Everywhere", command), ("gatehall serve", serve)] {
        page.push_str(&format!(
            "\n## {title}\n\n| setting | variable | default | what it does |\n|---|---|---|---|\n"
        ));
        for arg in command.get_arguments().filter(|arg| arg.get_env().is_some()) {
            if title != "Everywhere" && arg.is_global_set() {
                continue;
            }
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let (help, noted) = match help.split_once(" [default: ") {
                Some((help, noted)) => (help.to_owned(), noted.trim_end_matches(']').to_owned()),
                None => (help, String::new()),
            };
            let values = arg.get_default_values().iter().map(|value| value.to_string_lossy());
            let values: Vec<_> = values.filter(|value| !value.is_empty()).collect();
            let default = if values.is_empty() { noted } else { format!("`{}`", values.join(",")) };
            page.push_str(&format!(
                "| `--{}` | `{}` | {default} | {help} |\n",
                arg.get_long().unwrap_or_default(),
                arg.get_env().unwrap_or_default().to_string_lossy(),
            ));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Invocation::command().debug_assert();
    }

    #[test]
    fn every_secret_may_lie_in_a_file() {
        fn walk(command: &clap::Command, found: &mut usize) {
            let names = |id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
            for arg in command.get_arguments().filter(|arg| arg.is_hide_env_values_set()) {
                let id = match arg.get_id().as_str() {
                    "database" => "database_password_file".to_owned(),
                    id => format!("{id}_file"),
                };
                assert!(names(&id), "{}: there is no --{id}", command.get_name());
                let file = command.get_arguments().find(|arg| arg.get_id() == &id).unwrap();
                let variable = match arg.get_id().as_str() {
                    "database" => "GATEHALL_DATABASE_PASSWORD_FILE".to_owned(),
                    _ => format!("{}_FILE", arg.get_env().unwrap().to_string_lossy()),
                };
                assert_eq!(file.get_env().unwrap(), &*variable);
                *found += 1;
            }
            command.get_subcommands().for_each(|command| walk(command, found));
        }
        let mut found = 0;
        walk(&Invocation::command(), &mut found);
        assert!(found >= 5, "{found}");
    }

    #[test]
    fn secrets_on_the_command_line_are_noticed() {
        let told = |arguments: &[&str]| {
            let all = ["gatehall"].iter().chain(arguments).map(OsString::from);
            read_arguments(all).unwrap().told_to_all
        };
        let database = "postgres://gate:word@db/gatehall";
        assert_eq!(told(&["serve", "--database", database]), ["--database"]);
        assert_eq!(told(&["--database", database, "check"]), ["--database"]);
        let token = ["open-webui", "check", "--admin-token", "sk-0123456789abcdef"];
        assert_eq!(told(&token), ["--admin-token"]);
        assert_eq!(told(&["api", "/tools", "--key", "ghk_a_b"]), ["--key"]);
        let secret = ["serve", "--open-webui-secret", "0123456789abcdef"];
        assert_eq!(told(&secret), ["--open-webui-secret"]);
        for harmless in ["postgres://db/gatehall", "sqlite:/data/a@b.db"] {
            assert_eq!(told(&["serve", "--database", harmless]), Vec::<String>::new());
        }
        assert_eq!(told(&["serve"]), Vec::<String>::new());
        assert_eq!(told(&["api", "/tools", "--key", "ghk_0123456789"]), ["--key"]);
        let deep = ["init", "compose", "--openai-api-key", "sk-0123456789"];
        assert_eq!(told(&deep), ["--openai-api-key"]);
    }
}
