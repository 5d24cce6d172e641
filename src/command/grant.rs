use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use gatehall_control::{
    operation::grant::{SubjectName, TargetName, add, remove},
    show,
};
use gatehall_domain::{
    ConnectionPath, Effect, EmailAddress, GrantId, GroupName, TenantId, ToolPattern, UserPattern,
};
use uuid::Uuid;

use crate::{
    office::Office,
    output::{Format, Table, done, json, or_dash},
    settings::StoreSettings,
};

/// Who may use what. Deny wins over allow.
#[derive(Debug, Args)]
pub struct GrantCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all grants.
    List(Format),
    /// Allow or deny something to a group, a user, or users whose address matches.
    Add(New),
    /// Remove a grant.
    Remove {
        /// Id, as in the list.
        id: Uuid,
    },
}

#[derive(Debug, Args)]
struct New {
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    target: TargetArguments,
    /// Only tools whose names match, by the server's own names: read_*
    #[arg(long, value_name = "PATTERN")]
    tools: Option<ToolPattern>,
    /// Deny it, whatever else allows it.
    #[arg(long)]
    deny: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SubjectArguments {
    /// Members of this group.
    #[arg(long)]
    group: Option<GroupName>,
    /// This user.
    #[arg(long, value_name = "EMAIL")]
    user: Option<EmailAddress>,
    /// Users whose address matches: *@example.com, or * for everybody.
    #[arg(long, value_name = "PATTERN")]
    users: Option<UserPattern>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct TargetArguments {
    /// All connections of this tenant, also later ones.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// One connection: TENANT/SERVER, or SERVER for one of no tenant.
    #[arg(long, value_name = "PATH")]
    connection: Option<ConnectionPath>,
}

pub(crate) async fn run(settings: &StoreSettings, command: GrantCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (desk, now) = (office.desk(), office.clock.now());
    match command.action {
        Action::List(format) => {
            let grants = show::grants(desk.snapshot().await?.company());
            if format.json {
                return json(&grants);
            }
            let mut table = Table::new(&["id", "who", "effect", "what", "tools"]);
            for it in grants {
                table.row([it.id, it.subject, it.effect.into(), it.target, or_dash(&it.tools)]);
            }
            table
                .print("There are no grants yet: gatehall grant add --group GROUP --tenant TENANT");
            Ok(ExitCode::SUCCESS)
        }
        Action::Add(new) => {
            let subject = match (new.subject.group, new.subject.user, new.subject.users) {
                (Some(group), ..) => SubjectName::Group(group),
                (_, Some(user), _) => SubjectName::User(user),
                (.., Some(users)) => SubjectName::Pattern(users),
                _ => bail!("name --group, --user or --users"),
            };
            let target = match (new.target.tenant, new.target.connection) {
                (Some(tenant), _) => TargetName::Tenant(tenant),
                (_, Some(connection)) => TargetName::Connection(connection),
                _ => bail!("name --tenant or --connection"),
            };
            let effect = if new.deny { Effect::Deny } else { Effect::Allow };
            let sentence = desk
                .change(|snapshot| {
                    let company = snapshot.company();
                    let changes = add(company, &subject, &target, new.tools.as_ref(), effect, now)?;
                    let sentence = changes.first().map(|change| company.label(change.record()));
                    Ok((changes, sentence.unwrap_or_default()))
                })
                .await?;
            done(&sentence)
        }
        Action::Remove { id } => {
            desk.change(|snapshot| Ok((remove(snapshot.company(), GrantId(id))?, ()))).await?;
            done(&format!("removed grant {id}"))
        }
    }
}
