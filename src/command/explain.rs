use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use gatehall_domain::{EmailAddress, Snapshot, snapshot::Site};
use gatehall_gateway::{Egress, GatewaySettings, Tasks, UpstreamError, tool_names};
use gatehall_portal::{
    explain::{self, ToolAnswer},
    operation::find_user,
};

use crate::{
    office::Office,
    output::{self, Format, Table, text, yes},
    settings::StoreSettings,
};

/// Say what a user reaches and why, or which step is missing.
#[derive(Debug, Args)]
pub struct ExplainOptions {
    /// E-mail address.
    user: EmailAddress,
    /// A tool, by its public name. Its server is asked for its list.
    tool: Option<String>,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(settings: &StoreSettings, options: ExplainOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let snapshot = office.store.load().await?;
    let user = find_user(snapshot.company(), &options.user)?;
    let now = office.clock.now();
    let Some(name) = &options.tool else {
        let answer = explain::user(&snapshot, user, now);
        if options.format.json {
            return output::json(&answer);
        }
        text(&format!("{}{}", answer.user, if answer.enabled { "" } else { " is disabled" }));
        if let Some(admin) = &answer.admin {
            text(&format!("{admin}: everything that is enabled is open"));
        }
        let groups = answer.groups.join(", ");
        text(&format!("groups: {}", if groups.is_empty() { "none" } else { &groups }));
        if !answer.claims_unsaid.is_empty() {
            let claims = answer.claims_unsaid.join(", ");
            text(&format!("groups are not known yet: {claims} was not said"));
        }
        let mut table = Table::new(&["connection", "open", "because"]);
        for it in answer.connections {
            table.row([it.path, yes(it.open), it.because.join("; ")]);
        }
        table.print("There are no connections yet.");
        return Ok(ExitCode::SUCCESS);
    };
    let answer = match find_tool(&office, &snapshot, name).await? {
        Some(Found { site, tool, failure }) => {
            let mut answer = explain::tool(&snapshot, user, site, &tool, now);
            answer.unconfirmed = failure.map(|error| {
                let path = &site.connection.path;
                format!("{path} could not be asked whether it has this tool, because {error}")
            });
            answer
        }
        None => unknown(&options.user, name),
    };
    if options.format.json {
        output::json(&answer)?;
    } else {
        let verb = if answer.allowed { "can" } else { "cannot" };
        text(&format!("{} {verb} use {name}: {}", answer.user, answer.because));
        if let Some(unconfirmed) = &answer.unconfirmed {
            text(&format!("but {unconfirmed}: gatehall check"));
        }
        if let Some(remedy) = &answer.remedy {
            text(&format!("to change it: {remedy}"));
        }
    }
    Ok(if answer.allowed && answer.unconfirmed.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn unknown(user: &EmailAddress, name: &str) -> ToolAnswer {
    ToolAnswer {
        user: user.to_string(),
        connection: None,
        tool: name.to_owned(),
        allowed: false,
        because: "there is no such tool".into(),
        remedy: Some("look at its server: gatehall check".into()),
        change: None,
        unconfirmed: None,
    }
}

/// What a public name leads to.
struct Found<'s> {
    site: &'s Site,
    /// The server's own name of the tool.
    tool: String,
    /// Why the server could not be asked whether it has it.
    failure: Option<UpstreamError>,
}

/// The connection and the server's own name behind a public name. Servers whose names could begin
/// so are asked for their lists.
async fn find_tool<'s>(
    office: &Office,
    snapshot: &'s Snapshot,
    name: &str,
) -> Result<Option<Found<'s>>> {
    let tasks = Tasks::new();
    let gateway = GatewaySettings { accounts: office.accounts()?, ..GatewaySettings::default() };
    let mut found = None;
    for site in snapshot.sites().filter(|site| name.starts_with(&site.prefix)) {
        let names = tool_names(
            snapshot,
            site,
            gateway.clone(),
            office.vault.clone(),
            Egress::new(0),
            &tasks,
        )
        .await;
        // A server that does not answer still has its grants explained, by the name as it stands.
        let (own, failure) = match names {
            Ok(names) => {
                (names.into_iter().find(|(public, _)| public == name).map(|(_, own)| own), None)
            }
            Err(error) => (Some(name[site.prefix.len()..].to_owned()), Some(error)),
        };
        if let Some(tool) = own {
            found = Some(Found { site, tool, failure });
            break;
        }
    }
    tasks.finish(std::time::Duration::from_secs(8)).await;
    Ok(found)
}
