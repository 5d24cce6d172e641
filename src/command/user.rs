use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use gatehall_control::{
    operation::{
        account::unbind_all,
        find_user,
        user::{Binding, NewUser, UserEdit, add, change},
    },
    show,
};
use gatehall_domain::{Company, EmailAddress, GroupName, User, counted, quoted};

use super::remove;
use crate::{
    office::Office,
    output::{Format, Table, done, error, json, text, yes},
    settings::StoreSettings,
};

/// Users and their groups.
#[derive(Debug, Args)]
pub struct UserCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all users.
    List(Format),
    /// Show one user.
    Show {
        /// E-mail address.
        email: EmailAddress,
        #[command(flatten)]
        format: Format,
    },
    /// Add a user.
    Add {
        /// E-mail address.
        email: EmailAddress,
        /// Name to show.
        #[arg(long, default_value = "")]
        name: String,
        /// Make the user an administrator, who may use every enabled connection.
        #[arg(long)]
        admin: bool,
        /// Add the user to this group. May be repeated.
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<GroupName>,
    },
    /// Change a user. What is not named stays.
    Change {
        /// E-mail address.
        email: EmailAddress,
        /// New e-mail address.
        #[arg(long = "email", value_name = "EMAIL")]
        new_email: Option<EmailAddress>,
        /// Name to show.
        #[arg(long)]
        name: Option<String>,
        /// Whether the user is an administrator.
        #[arg(long)]
        admin: Option<bool>,
        /// Whether the user may use anything.
        #[arg(long)]
        enabled: Option<bool>,
        /// Add the user to this group. May be repeated.
        #[arg(long, value_name = "GROUP")]
        add_group: Vec<GroupName>,
        /// Remove the user from this group. May be repeated.
        #[arg(long, value_name = "GROUP")]
        remove_group: Vec<GroupName>,
        /// Forget which account of this identity provider the user is, such as open-webui. The
        /// next one with the user's address is taken for theirs. May be repeated.
        #[arg(long, value_name = "PROVIDER")]
        unbind: Vec<String>,
        /// Link the account of a provider, PROVIDER=SUBJECT, whatever its address. The subject is
        /// its sub, or tid/oid of Entra ID, or, with the provider open-webui, the account's id
        /// there. May be repeated.
        #[arg(long, value_name = "PROVIDER=SUBJECT")]
        bind: Vec<Binding>,
    },
    /// Forget which accounts of an identity provider users are, such as open-webui after its users
    /// were made anew. The next account with the address of each is taken for theirs.
    Unbind {
        /// The provider, or the name of an Open WebUI.
        provider: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Remove a user.
    Remove {
        /// E-mail address.
        email: EmailAddress,
        /// Also remove the user's memberships, grants and keys.
        #[arg(long)]
        cascade: bool,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// E-mail addresses of users.
    emails: Vec<EmailAddress>,
    /// Unbind all users who are bound there.
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(settings: &StoreSettings, command: UserCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (desk, now) = (office.desk(), office.clock.now());
    match command.action {
        Action::List(format) => {
            let users = show::users(&desk.snapshot().await?);
            if format.json {
                return json(&users);
            }
            let mut table = Table::new(&["email", "name", "admin", "enabled", "groups"]);
            for user in users {
                let mut groups: Vec<String> = user.groups.into_iter().map(|it| it.group).collect();
                groups.dedup();
                table.row([
                    user.email,
                    user.name,
                    yes(user.admin),
                    yes(user.enabled),
                    groups.join(", "),
                ]);
            }
            table.print("There are no users yet: gatehall user add alice@example.com");
            Ok(ExitCode::SUCCESS)
        }
        Action::Show { email, format } => {
            let snapshot = desk.snapshot().await?;
            find_user(snapshot.company(), &email)?;
            let user = show::users(&snapshot).into_iter().find(|user| user.email == email.as_str());
            if format.json {
                return json(&user);
            }
            if let Some(user) = user {
                let mut table = Table::new(&["email", "name", "admin", "enabled", "created"]);
                table.row([
                    user.email,
                    user.name,
                    yes(user.admin),
                    yes(user.enabled),
                    user.created_at.to_string(),
                ]);
                table.print("");
                let mut table = Table::new(&["group", "source", "since"]);
                for it in user.groups {
                    table.row([it.group, it.source.label(), it.created_at.to_string()]);
                }
                table.print("The user is not in any group.");
                for claim in user.claims_unsaid {
                    text(&format!(
                        "  nothing is known yet about {claim}: until it is, anything denied to a group \
                         that it can give is denied"
                    ));
                }
                for it in user.accounts {
                    let stale = if it.stale { ", groups as last known" } else { "" };
                    let bound = if it.by_address { ", bound by email" } else { "" };
                    text(&format!("  account {} at {}{bound}{stale}", it.subject, it.issuer));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Add { email, name, admin, groups } => {
            let new = NewUser { email: email.clone(), name, admin, groups };
            desk.change(|snapshot| Ok((add(snapshot.company(), &new, now)?, ()))).await?;
            done(&format!("added user {email}"))
        }
        Action::Change {
            email,
            new_email,
            name,
            admin,
            enabled,
            add_group,
            remove_group,
            unbind,
            bind,
        } => {
            let edit = UserEdit {
                email: new_email,
                name,
                admin,
                enabled,
                add_groups: add_group,
                remove_groups: remove_group,
                unbind,
                bind,
            };
            super::change(&desk, format_args!("user {email}"), |company| {
                change(company, &email, &edit, now)
            })
            .await
        }
        Action::Unbind { provider, whose } => {
            let users = (!whose.all).then_some(whose.emails.as_slice());
            let count = desk
                .change(|snapshot| {
                    let changes = unbind_all(snapshot.company(), &provider, users)?;
                    let count = changes.len();
                    Ok((changes, count))
                })
                .await?;
            let accounts = counted(count, "account", "accounts");
            done(&format!("unbound {accounts} of {provider}"))
        }
        Action::Remove { email, cascade } => {
            let find = |company: &Company| Ok(User::clone(find_user(company, &email)?).into());
            let removed = remove(&desk, cascade, find).await?;
            let snapshot = desk.snapshot().await?;
            if snapshot.company().grants_by_address(&email).next().is_some() {
                let who = quoted(email.as_str());
                error(&format!(
                    "a grant to a pattern of addresses means {email} still, so that whoever comes \
                     in with that address may be added again. To keep somebody out, have them here \
                     and disabled: gatehall user add {who}, then gatehall user change {who} \
                     --enabled false"
                ));
            }
            Ok(removed)
        }
    }
}
