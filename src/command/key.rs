use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use gatehall_control::{
    operation::key::{KeyOrder, add, revoke},
    show,
};
use gatehall_domain::{EmailAddress, KeyId, TenantId, Timestamp};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{
    office::Office,
    output::{self, Format, Table, done, error, or_dash, text},
    settings::StoreSettings,
};

/// API keys of users and of services such as Open WebUI.
#[derive(Debug, Args)]
pub struct KeyCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all keys, without their secrets.
    List(Format),
    /// Create a key. It is shown only once and is not stored.
    Add(New),
    /// Revoke a key, at once.
    #[command(visible_alias = "revoke")]
    Remove {
        /// ID: the part between ghk_ and the next _.
        id: KeyId,
    },
}

#[derive(Debug, Args)]
struct New {
    #[command(flatten)]
    owner: Owner,
    /// What it is for.
    #[arg(long, default_value = "")]
    name: String,
    /// The only tenant it may be used for.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Let it use the management API, /api/v1, as far as its user may. Other keys are for tools.
    #[arg(long, conflicts_with = "service")]
    manage: bool,
    /// When it expires: 2027-01-31, or 2027-01-31T12:00:00Z. [default: never]
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Owner {
    /// The owner, as whom it acts.
    #[arg(long, value_name = "EMAIL")]
    user: Option<EmailAddress>,
    /// Create a service key, which has no owner: the client names the user in a signed header.
    #[arg(long)]
    service: bool,
}

pub(crate) async fn run(settings: &StoreSettings, command: KeyCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (desk, now) = (office.desk(), office.clock.now());
    match command.action {
        Action::List(format) => {
            let uses = office.store.key_uses().await?;
            let keys = show::keys(desk.snapshot().await?.company(), &uses);
            if format.json {
                return output::json(&keys);
            }
            let mut table = Table::new(&["id", "name", "for", "tenant", "state", "last used"]);
            for it in keys {
                let state = match (it.revoked_at, it.expires_at) {
                    (Some(at), _) => format!("revoked {at}"),
                    (None, Some(at)) if at <= now => format!("expired {at}"),
                    (None, Some(at)) => format!("expires {at}"),
                    (None, None) => "live".into(),
                };
                let owner = it.user.unwrap_or_else(|| "service".into());
                let used = or_dash(&it.last_used_at.map(|at| at.to_string()));
                table.row([it.id, it.name, owner, or_dash(&it.tenant), state, used]);
            }
            table.print("There are no keys yet: gatehall key add --user EMAIL");
            Ok(ExitCode::SUCCESS)
        }
        Action::Add(new) => {
            let order = KeyOrder {
                name: new.name,
                user: new.owner.user,
                tenant: new.tenant,
                manage: new.manage,
                expires_at: new.expires,
            };
            let key = desk.change(|snapshot| add(snapshot.company(), &order, now)).await?;
            let whole = key.text.expose_secret();
            if new.format.json {
                return output::json(&json!({ "id": key.id, "key": whole }));
            }
            error("This is shown once:");
            text(whole);
            Ok(ExitCode::SUCCESS)
        }
        Action::Remove { id } => {
            desk.change(|snapshot| Ok((revoke(snapshot.company(), &id, now)?, ()))).await?;
            done(&format!("revoked key {id}"))
        }
    }
}
