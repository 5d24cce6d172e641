use std::{process::ExitCode, str::FromStr};

use anyhow::Result;
use clap::{Args, Subcommand};
use gatehall_control::{
    operation::{
        connection::{ConnectionEdit, NewCredential, Settable, add, change},
        find_connection,
    },
    show,
};
use gatehall_domain::{Address, Connection, ConnectionPath, Placement, Timestamp};

use super::{
    remove,
    secret::{SecretArgument, remind},
};
use crate::{
    office::Office,
    output::{Format, Table, done, fields_of, json, or_dash, yes},
    settings::StoreSettings,
};

/// A tenant's use of a server, and its credentials.
#[derive(Debug, Args)]
pub struct ConnectionCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all connections.
    List(Format),
    /// Show one connection.
    Show {
        /// TENANT/SERVER, or SERVER for one of no tenant.
        path: ConnectionPath,
        #[command(flatten)]
        format: Format,
    },
    /// Connect a tenant to a server.
    Add {
        /// TENANT/SERVER, or SERVER for one of no tenant.
        path: ConnectionPath,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change a connection. What is not named stays.
    Change {
        /// TENANT/SERVER, or SERVER for one of no tenant.
        path: ConnectionPath,
        #[command(flatten)]
        fields: Fields,
        /// Remove the credential at this place. May be repeated.
        #[arg(long, value_name = "PLACEMENT")]
        remove_credential: Vec<Placement>,
    },
    /// Remove a connection.
    Remove {
        /// TENANT/SERVER, or SERVER for one of no tenant.
        path: ConnectionPath,
        /// Also remove its credentials and grants.
        #[arg(long)]
        cascade: bool,
    },
}

#[derive(Debug, Args)]
struct Fields {
    /// The URL of the server for this tenant.
    #[arg(long)]
    url: Option<Address>,
    /// Timeout of a call, in seconds.
    #[arg(long)]
    timeout_seconds: Option<u32>,
    /// Concurrent calls.
    #[arg(long)]
    concurrent_calls: Option<u32>,
    /// Take back what was set of these, for the server's own or the default.
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    unset: Vec<Settable>,
    /// Whether anybody can use it.
    #[arg(long)]
    enabled: Option<bool>,
    /// A secret and its place, PLACEMENT=SOURCE. The place is header:Authorization:Bearer,
    /// header:NAME or environment:NAME; the source is stdin, file:PATH, or env:NAME for a variable
    /// that the gateway reads when it needs it. May be repeated.
    #[arg(long = "credential", value_name = "PLACEMENT=SOURCE")]
    credentials: Vec<CredentialArgument>,
    /// When these credentials expire, to be reminded of it.
    #[arg(long, value_name = "TIME", requires = "credentials")]
    credentials_expire: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct CredentialArgument {
    placement: Placement,
    source: SecretArgument,
}

impl FromStr for CredentialArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (placement, source) = text.split_once('=').ok_or("must be PLACEMENT=SOURCE")?;
        let source = source.parse()?;
        Ok(Self { placement: placement.parse().map_err(|error| format!("{error}"))?, source })
    }
}

impl Fields {
    fn edit(&self, remove_credentials: Vec<Placement>) -> Result<ConnectionEdit> {
        let credentials = self.credentials.iter().map(|it| {
            let secret = it.source.read()?;
            Ok(NewCredential {
                placement: it.placement.clone(),
                secret,
                expires_at: self.credentials_expire,
            })
        });
        Ok(ConnectionEdit {
            url: self.url.clone(),
            timeout_seconds: self.timeout_seconds,
            concurrent_calls: self.concurrent_calls,
            unset: self.unset.clone(),
            enabled: self.enabled,
            credentials: credentials.collect::<Result<_>>()?,
            remove_credentials,
        })
    }
}

pub(crate) async fn run(settings: &StoreSettings, command: ConnectionCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (desk, now) = (office.desk(), office.clock.now());
    match command.action {
        Action::List(format) => {
            let connections = show::connections(desk.snapshot().await?.company());
            if format.json {
                return json(&connections);
            }
            let mut table =
                Table::new(&["connection", "tools begin with", "enabled", "url", "credentials"]);
            for it in connections {
                let credentials: Vec<String> =
                    it.credentials.iter().map(|it| it.placement.to_string()).collect();
                table.row([
                    it.path,
                    it.prefix,
                    yes(it.enabled),
                    or_dash(&it.url),
                    credentials.join(", "),
                ]);
            }
            table.print("There are no connections yet: gatehall connection add TENANT/SERVER");
            Ok(ExitCode::SUCCESS)
        }
        Action::Show { path, format } => {
            let snapshot = desk.snapshot().await?;
            find_connection(snapshot.company(), &path)?;
            let name = path.to_string();
            let connection =
                show::connections(snapshot.company()).into_iter().find(|it| it.path == name);
            if format.json { json(&connection) } else { fields_of(&connection) }
        }
        Action::Add { path, fields } => {
            let edit = fields.edit(Vec::new())?;
            desk.change(|_| Ok((add(desk.vault(), &path, &edit, now)?, ()))).await?;
            remind(desk.vault(), edit.credentials.iter().map(|it| &it.secret));
            done(&format!("added connection {path}; its tools begin with {}", path.prefix()))
        }
        Action::Change { path, fields, remove_credential } => {
            let edit = fields.edit(remove_credential)?;
            remind(desk.vault(), edit.credentials.iter().map(|it| &it.secret));
            super::change(&desk, format_args!("connection {path}"), |company| {
                change(company, desk.vault(), &path, &edit, now)
            })
            .await
        }
        Action::Remove { path, cascade } => {
            remove(&desk, cascade, |company| {
                Ok(Connection::clone(find_connection(company, &path)?).into())
            })
            .await
        }
    }
}
