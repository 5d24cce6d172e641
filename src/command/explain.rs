use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use gatehall_control::{
    explain::{self, Newcomer, ToolAnswer},
    operation::find_user,
};
use gatehall_domain::{EmailAddress, Snapshot, User, quoted, snapshot::Site};
use gatehall_gateway::{Egress, GatewaySettings, Tasks, UpstreamError, tool_names};

use super::chats::ChatOptions;
use crate::{
    office::Office,
    output::{self, Format, Table, text, yes},
    settings::{AddUnknown, StoreSettings},
};

/// Explain what a user can use and why, or which step is missing.
#[derive(Debug, Args)]
pub struct ExplainOptions {
    /// E-mail address.
    user: EmailAddress,
    /// A tool, by its public name. Its server is asked for its list.
    tool: Option<String>,
    #[command(flatten)]
    chats: ChatOptions,
    /// Which unknown users of Open WebUI are added, where no running gate says it.
    #[arg(
        long,
        env = "GATEHALL_ADD_UNKNOWN_USERS",
        value_name = "WHOM",
        default_value = "granted"
    )]
    add_unknown_users: AddUnknown,
    #[command(flatten)]
    format: Format,
}

impl ExplainOptions {
    /// What becomes of somebody who is unknown. None of a user, known or not to be read.
    async fn newcomer(&self, snapshot: &Snapshot, office: &Office) -> Result<Option<Newcomer>> {
        let (company, email) = (snapshot.company(), &self.user);
        if company.user_by_email(email).is_some() || company.set_aside().may_be_user(email) {
            return Ok(None);
        }
        let scene = self.chats.scene(office).await?;
        let said = scene.running().and_then(|said| said.adds);
        let adds = said.unwrap_or_else(|| self.add_unknown_users.into());
        Ok(Some(Newcomer::new(company, email, &scene.own, adds)))
    }
}

pub(crate) async fn run(settings: &StoreSettings, options: ExplainOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let now = office.clock.now();
    let snapshot = office.store.load().await?;
    if let Some(newcomer) = options.newcomer(&snapshot, &office).await? {
        let (snapshot, user) = Newcomer::supposed(&snapshot, &options.user, now)?;
        let Some(name) = &options.tool else { return show_newcomer(&newcomer, &options.format) };
        let mut answer = tool_answer(&office, &snapshot, &user, name).await?;
        if answer.allowed {
            answer.allowed = false;
            answer.because = newcomer.summary();
            answer.remedy = Some(newcomer.remedy);
        } else if answer.connection.is_some() {
            answer.because = format!("no user has this email yet, and {}", answer.because);
            let add = format!("gatehall user add {}", quoted(options.user.as_str()));
            answer.remedy = Some(match answer.remedy {
                Some(then) => format!("{add}, then {then}"),
                None => add,
            });
        }
        return show_tool(&answer, name, &options.format);
    }
    let user = find_user(snapshot.company(), &options.user)?;
    let Some(name) = &options.tool else {
        let answer = explain::user(&snapshot, user, now);
        if options.format.json {
            return output::json(&answer);
        }
        text(&format!("{}{}", answer.user, if answer.enabled { "" } else { " is disabled" }));
        if let Some(admin) = &answer.admin {
            text(&format!("{admin}: may use everything that is enabled"));
        }
        let groups = answer.groups.join(", ");
        text(&format!("groups: {}", if groups.is_empty() { "none" } else { &groups }));
        if !answer.claims_unsaid.is_empty() {
            let claims = answer.claims_unsaid.join(", ");
            text(&format!("groups are not known yet: {claims} is missing"));
        }
        let mut table = Table::new(&["connection", "open", "because"]);
        for it in answer.connections {
            table.row([it.path, yes(it.open), it.because.join("; ")]);
        }
        table.print("There are no connections yet.");
        return Ok(ExitCode::SUCCESS);
    };
    show_tool(&tool_answer(&office, &snapshot, user, name).await?, name, &options.format)
}

async fn tool_answer(
    office: &Office,
    snapshot: &Snapshot,
    user: &User,
    name: &str,
) -> Result<ToolAnswer> {
    let Some(Found { site, tool, failure }) = find_tool(office, snapshot, name).await? else {
        return Ok(unknown(&user.email, name));
    };
    let mut answer = explain::tool(snapshot, user, site, &tool, office.clock.now());
    answer.unconfirmed = failure.map(|error| {
        let path = &site.connection.path;
        format!("{path} could not be asked whether it has this tool, because {error}")
    });
    Ok(answer)
}

/// Somebody who has no row yet. A failure, unless they come in without anybody's doing.
fn show_newcomer(newcomer: &Newcomer, format: &Format) -> Result<ExitCode> {
    if format.json {
        output::json(newcomer)?;
    } else {
        text(&format!("{} is not a user here yet", newcomer.user));
        let mut patterns = Table::new(&["pattern", "opens"]);
        for it in &newcomer.patterns {
            patterns.row([it.pattern.clone(), it.opens.clone()]);
        }
        patterns.print("No grant to a pattern covers this email.");
        let mut doors = Table::new(&["door", "adds them", "because"]);
        for it in &newcomer.doors {
            doors.row([it.door.clone(), yes(it.adds), it.because.clone()]);
        }
        doors.print("");
        text(&format!("to change this: {}", newcomer.remedy));
    }
    let comes_in = newcomer.is_added() && !newcomer.patterns.is_empty();
    Ok(if comes_in { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show_tool(answer: &ToolAnswer, name: &str, format: &Format) -> Result<ExitCode> {
    if format.json {
        output::json(answer)?;
    } else {
        let verb = if answer.allowed { "can" } else { "cannot" };
        text(&format!("{} {verb} use {name}: {}", answer.user, answer.because));
        if let Some(unconfirmed) = &answer.unconfirmed {
            text(&format!("but {unconfirmed}: gatehall check"));
        }
        if let Some(remedy) = &answer.remedy {
            text(&format!("to change this: {remedy}"));
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
