use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use gatehall_control::{
    operation::{
        find_tenant,
        tenant::{TenantEdit, add, change},
    },
    show,
};
use gatehall_domain::{EmailAddress, Tenant, TenantId};

use super::remove;
use crate::{
    office::Office,
    output::{Format, Table, done, json, text, yes},
    settings::StoreSettings,
};

/// Tenants: customers or departments whose tools never mix.
#[derive(Debug, Args)]
pub struct TenantCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all tenants.
    List(Format),
    /// Show one tenant, its connections and who has access.
    Show {
        /// Id.
        id: TenantId,
        #[command(flatten)]
        format: Format,
    },
    /// Add a tenant.
    Add {
        /// Id; stands in URLs and in the names of tools.
        id: TenantId,
        #[command(flatten)]
        fields: Fields,
    },
    /// Change a tenant. What is not named stays.
    Change {
        /// Id.
        id: TenantId,
        #[command(flatten)]
        fields: Fields,
        /// Let this user manage the tenant. May be repeated.
        #[arg(long, value_name = "EMAIL")]
        add_admin: Vec<EmailAddress>,
        /// Let this user manage it no longer. May be repeated.
        #[arg(long, value_name = "EMAIL")]
        remove_admin: Vec<EmailAddress>,
    },
    /// Remove a tenant.
    Remove {
        /// Id.
        id: TenantId,
        /// Also remove its connections, credentials, grants and keys.
        #[arg(long)]
        cascade: bool,
    },
}

#[derive(Debug, Args)]
struct Fields {
    /// Name to show.
    #[arg(long)]
    name: Option<String>,
    /// What it is.
    #[arg(long)]
    description: Option<String>,
    /// Whether anybody can use it.
    #[arg(long)]
    enabled: Option<bool>,
}

impl Fields {
    fn edit(&self) -> TenantEdit {
        TenantEdit {
            name: self.name.clone(),
            description: self.description.clone(),
            enabled: self.enabled,
            ..TenantEdit::default()
        }
    }
}

pub(crate) async fn run(settings: &StoreSettings, command: TenantCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (desk, now) = (office.desk(), office.clock.now());
    match command.action {
        Action::List(format) => {
            let tenants = show::tenants(desk.snapshot().await?.company());
            if format.json {
                return json(&tenants);
            }
            let mut table = Table::new(&["id", "name", "enabled", "connections", "grants"]);
            for it in tenants {
                let grants = it.grants.len().to_string();
                table.row([it.id, it.name, yes(it.enabled), it.connections.join(", "), grants]);
            }
            table.print("There are no tenants yet: gatehall tenant add google");
            Ok(ExitCode::SUCCESS)
        }
        Action::Show { id, format } => {
            let snapshot = desk.snapshot().await?;
            find_tenant(snapshot.company(), &id)?;
            let tenant =
                show::tenants(snapshot.company()).into_iter().find(|it| it.id == id.as_str());
            if format.json {
                return json(&tenant);
            }
            if let Some(tenant) = tenant {
                let mut table = Table::new(&["id", "name", "enabled", "description"]);
                table.row([tenant.id, tenant.name, yes(tenant.enabled), tenant.description]);
                table.print("");
                for admin in &tenant.admins {
                    text(&format!("  managed by {admin}"));
                }
                for line in tenant.connections.iter().chain(&tenant.grants) {
                    text(&format!("  {line}"));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Add { id, fields } => {
            desk.change(|_| Ok((add(&id, fields.edit(), now), ()))).await?;
            done(&format!("added tenant {id}"))
        }
        Action::Change { id, fields, add_admin, remove_admin } => {
            super::change(&desk, format_args!("tenant {id}"), |company| {
                let edit = TenantEdit {
                    add_admins: add_admin.clone(),
                    remove_admins: remove_admin.clone(),
                    ..fields.edit()
                };
                change(company, &id, edit, now)
            })
            .await
        }
        Action::Remove { id, cascade } => {
            remove(&desk, cascade, |company| Ok(Tenant::clone(find_tenant(company, &id)?).into()))
                .await
        }
    }
}
