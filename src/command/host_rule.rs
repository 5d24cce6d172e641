use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use gatehall_control::{operation::host_rule, show};
use gatehall_domain::{Admit, Change, GroupName, HostPattern, HostRule, PathPrefix, Refusal};

use super::remove;
use crate::{
    office::Office,
    output::{Format, Table, json},
    settings::StoreSettings,
};

/// Whom proxies let through to a host that asks this gate. Where no rule fits, nobody.
#[derive(Debug, Args)]
pub struct HostRuleCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all rules.
    List(Format),
    /// Set the rule for a host and the beginning of a path; it replaces the one that is there.
    Set {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        whom: Whom,
    },
    /// Remove a rule.
    Remove {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
struct Place {
    /// Host: app.example.com, *.example.com, or *.
    host: HostPattern,
    /// Beginning of the paths it is for.
    #[arg(long, default_value = "/")]
    path: PathPrefix,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// Admit everybody, signed in or not.
    #[arg(long)]
    open: bool,
    /// Admit every enabled user.
    #[arg(long)]
    signed_in: bool,
    /// Admit members of this group, and administrators. May be repeated.
    #[arg(long = "group", value_name = "NAME")]
    groups: Vec<GroupName>,
}

pub(crate) async fn run(settings: &StoreSettings, command: HostRuleCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (desk, now) = (office.desk(), office.clock.now());
    match command.action {
        Action::List(format) => {
            let rules = show::host_rules(desk.snapshot().await?.company());
            if format.json {
                return json(&rules);
            }
            let mut table = Table::new(&["host", "path", "admits"]);
            for it in rules {
                let whom =
                    if it.groups.is_empty() { it.admit.into() } else { it.groups.join(", ") };
                table.row([it.host, it.path, whom]);
            }
            table.print("There are no rules yet, so proxies let nobody through.");
            Ok(ExitCode::SUCCESS)
        }
        Action::Set { place, whom } => {
            let name = format!("the rule for {}{}", place.host, place.path);
            super::change(&desk, name, |company| {
                let admit = match (whom.open, whom.signed_in) {
                    (true, _) => Admit::Open,
                    (_, true) => Admit::SignedIn,
                    _ => host_rule::groups(company, &whom.groups)?,
                };
                let rule = host_rule::rule(company, &place.host, &place.path, admit, now);
                let change = match company.host_rules.get(&rule.id) {
                    Some(before) if **before == rule => None,
                    Some(before) => Some(Change::Replace {
                        before: HostRule::clone(before).into(),
                        after: rule.into(),
                    }),
                    None => Some(Change::Add(rule.into())),
                };
                Ok::<_, Refusal>(change.into_iter().collect())
            })
            .await
        }
        Action::Remove { place } => {
            remove(&desk, false, |company| {
                Ok(host_rule::find(company, &place.host, &place.path)?.clone().into())
            })
            .await
        }
    }
}
