use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use gatehall_control::{
    operation::{
        find_group,
        group::{GroupEdit, add, change},
    },
    show,
};
use gatehall_domain::{EmailAddress, Group, GroupName};

use super::remove;
use crate::{
    office::Office,
    output::{Format, Table, done, json, text, yes},
    settings::StoreSettings,
};

/// Groups and their members.
#[derive(Debug, Args)]
pub struct GroupCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all groups.
    List(Format),
    /// Show one group, its members and its grants.
    Show {
        /// Name.
        name: GroupName,
        #[command(flatten)]
        format: Format,
    },
    /// Add a group.
    Add {
        /// Name. Members of MCP-Admin are administrators.
        name: GroupName,
        /// What it is for.
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Change a group or its members. What is not named stays.
    Change {
        /// Name.
        name: GroupName,
        /// New name.
        #[arg(long = "name", value_name = "NAME")]
        new_name: Option<GroupName>,
        /// What it is for.
        #[arg(long)]
        description: Option<String>,
        /// Whether its allow grants count. Its deny grants always do.
        #[arg(long)]
        enabled: Option<bool>,
        /// Add this user. May be repeated.
        #[arg(long, value_name = "EMAIL")]
        add_member: Vec<EmailAddress>,
        /// Remove this user. May be repeated.
        #[arg(long, value_name = "EMAIL")]
        remove_member: Vec<EmailAddress>,
    },
    /// Remove a group.
    Remove {
        /// Name.
        name: GroupName,
        /// Also remove its memberships and grants.
        #[arg(long)]
        cascade: bool,
    },
}

pub(crate) async fn run(settings: &StoreSettings, command: GroupCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (desk, now) = (office.desk(), office.clock.now());
    match command.action {
        Action::List(format) => {
            let groups = show::groups(desk.snapshot().await?.company());
            if format.json {
                return json(&groups);
            }
            let mut table = Table::new(&["name", "enabled", "members", "grants", "description"]);
            for it in groups {
                let (members, grants) = (it.members.len().to_string(), it.grants.len().to_string());
                table.row([it.name, yes(it.enabled), members, grants, it.description]);
            }
            table.print("There are no groups yet: gatehall group add engineers");
            Ok(ExitCode::SUCCESS)
        }
        Action::Show { name, format } => {
            let snapshot = desk.snapshot().await?;
            let found = find_group(snapshot.company(), name.as_str())?.name.clone();
            let group =
                show::groups(snapshot.company()).into_iter().find(|it| it.name == found.as_str());
            if format.json {
                return json(&group);
            }
            if let Some(group) = group {
                let mut table = Table::new(&["name", "enabled", "description"]);
                table.row([group.name, yes(group.enabled), group.description]);
                table.print("");
                for line in group.grants.iter().chain(&group.members) {
                    text(&format!("  {line}"));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Add { name, description } => {
            desk.change(|snapshot| Ok((add(snapshot.company(), &name, &description, now)?, ())))
                .await?;
            done(&format!("added group {name}"))
        }
        Action::Change { name, new_name, description, enabled, add_member, remove_member } => {
            let edit = GroupEdit {
                name: new_name,
                description,
                enabled,
                add_members: add_member,
                remove_members: remove_member,
            };
            super::change(&desk, format_args!("group {name}"), |company| {
                change(company, &name, &edit, now)
            })
            .await
        }
        Action::Remove { name, cascade } => {
            remove(&desk, cascade, |company| {
                Ok(Group::clone(find_group(company, name.as_str())?).into())
            })
            .await
        }
    }
}
