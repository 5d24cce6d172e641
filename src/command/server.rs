use std::{collections::BTreeSet, process::ExitCode};

use anyhow::Result;
use clap::{Args, Subcommand};
use gatehall_control::{
    operation::{
        find_server,
        server::{ServerEdit, TransportEdit, add, change},
    },
    show,
};
use gatehall_domain::{AccessClass, Address, Refusal, Server, ServerId, Transport};

use super::remove;
use crate::{
    office::Office,
    output::{Format, Table, done, fields_of, json, yes},
    settings::StoreSettings,
};

/// Descriptions of tool servers. A server offers nothing before a connection to it exists.
#[derive(Debug, Args)]
pub struct ServerCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all servers.
    List(Format),
    /// Show one server.
    Show {
        /// Id.
        id: ServerId,
        #[command(flatten)]
        format: Format,
    },
    /// Add a server: with --url one that is reached over HTTP, with --command a process.
    Add {
        /// Id; stands in URLs and in the names of tools.
        id: ServerId,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change a server. What is not named stays.
    Change {
        /// Id.
        id: ServerId,
        #[command(flatten)]
        fields: Fields,
    },
    /// Remove a server.
    Remove {
        /// Id.
        id: ServerId,
        /// Also remove its connections with their credentials and grants.
        #[arg(long)]
        cascade: bool,
    },
}

#[derive(Debug, Args)]
struct Fields {
    /// Address, with {tenant} where the tenant's id belongs.
    #[arg(long, conflicts_with = "command")]
    url: Option<Address>,
    /// What is spoken at the address: streamable-http, sse or openapi.
    /// [default for a new address: streamable-http]
    #[arg(long, value_parser = ["streamable-http", "sse", "openapi"])]
    transport: Option<String>,
    /// Program to start. It speaks MCP on its standard input and output.
    #[arg(long)]
    command: Option<String>,
    /// Argument of the program. May be repeated; {tenant} stands for the tenant's id. Those given
    /// replace all there were.
    #[arg(long = "argument", alias = "arg", value_name = "ARGUMENT", allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Variable of the program, NAME=VALUE. It gets no other. May be repeated; those given replace
    /// all there were.
    #[arg(long = "environment", alias = "env", value_name = "NAME=VALUE", value_parser = variable)]
    environment: Vec<(String, String)>,
    /// Variable of the program that a credential may fill; no other can be. May be repeated; those
    /// given replace all there were, and "" takes back all.
    #[arg(long = "credential-variable", value_name = "NAME")]
    credential_variables: Vec<String>,
    /// Name to show.
    #[arg(long)]
    name: Option<String>,
    /// What it offers.
    #[arg(long)]
    description: Option<String>,
    /// granted: a grant is needed. public: every enabled user has it.
    #[arg(long)]
    access: Option<AccessClass>,
    /// Whether it keeps state for each caller, who then get sessions of their own.
    #[arg(long)]
    stateful: Option<bool>,
    /// A label of your own.
    #[arg(long)]
    tier: Option<String>,
    /// Whether anybody can use it.
    #[arg(long)]
    enabled: Option<bool>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must be NAME=VALUE".into()),
    }
}

impl Fields {
    fn transport(&self, before: Option<&Transport>) -> Result<Option<Transport>, Refusal> {
        let said = TransportEdit {
            kind: self.transport.clone(),
            url: self.url.clone(),
            command: self.command.clone(),
            arguments: (!self.arguments.is_empty()).then(|| self.arguments.clone()),
            environment: (!self.environment.is_empty())
                .then(|| self.environment.iter().cloned().collect()),
            credential_variables: match self.credential_variables.as_slice() {
                [] => None,
                [only] if only.is_empty() => Some(BTreeSet::new()),
                names => Some(names.iter().cloned().collect()),
            },
        };
        said.apply(before)
    }

    fn edit(&self, transport: Option<Transport>) -> ServerEdit {
        ServerEdit {
            name: self.name.clone(),
            description: self.description.clone(),
            transport,
            access: self.access,
            stateful: self.stateful,
            tier: self.tier.clone(),
            enabled: self.enabled,
        }
    }
}

pub(crate) async fn run(settings: &StoreSettings, command: ServerCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (desk, now) = (office.desk(), office.clock.now());
    match command.action {
        Action::List(format) => {
            let servers = show::servers(desk.snapshot().await?.company());
            if format.json {
                return json(&servers);
            }
            let mut table =
                Table::new(&["id", "transport", "where", "access", "enabled", "connections"]);
            for it in servers {
                let place = place(&it.transport);
                let kind = it.transport.kind().to_owned();
                table.row([
                    it.id,
                    kind,
                    place,
                    it.access.into(),
                    yes(it.enabled),
                    it.connections.join(", "),
                ]);
            }
            table.print(
                "There are no servers yet: gatehall server add files --url http://files:8001/mcp",
            );
            Ok(ExitCode::SUCCESS)
        }
        Action::Show { id, format } => {
            let snapshot = desk.snapshot().await?;
            find_server(snapshot.company(), &id)?;
            let server =
                show::servers(snapshot.company()).into_iter().find(|it| it.id == id.as_str());
            if format.json { json(&server) } else { fields_of(&server) }
        }
        Action::Add { id, fields } => {
            let transport = fields.transport(None)?.ok_or_else(|| {
                Refusal::invalid("server", "needs --url ADDRESS or --command PROGRAM")
            })?;
            desk.change(|_| Ok((add(&id, transport.clone(), fields.edit(None), now), ()))).await?;
            done(&format!(
                "added server {id}; connect a tenant to it: gatehall connection add TENANT/{id}"
            ))
        }
        Action::Change { id, fields } => {
            super::change(&desk, format_args!("server {id}"), |company| {
                let before = find_server(company, &id)?;
                let transport = fields.transport(Some(&before.transport))?;
                change(company, &id, fields.edit(transport))
            })
            .await
        }
        Action::Remove { id, cascade } => {
            remove(&desk, cascade, |company| Ok(Server::clone(find_server(company, &id)?).into()))
                .await
        }
    }
}

fn place(transport: &Transport) -> String {
    match transport {
        Transport::StreamableHttp { url } | Transport::Sse { url } | Transport::OpenApi { url } => {
            url.to_string()
        }
        Transport::Stdio { command, arguments, .. } => format!("{command} {}", arguments.join(" ")),
    }
}
