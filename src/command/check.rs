use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Args;
use gatehall_domain::ConnectionPath;
use gatehall_gateway::{ConnectionStatus, Egress, GatewaySettings, Speaks, State, Tasks, check};
use serde::Serialize;

use crate::{
    office::Office,
    output::{self, Format, Table, error, text},
    settings::StoreSettings,
};

/// Open every connection and say what it speaks, or what to do about its failure.
#[derive(Debug, Args)]
pub struct CheckOptions {
    /// Only these connections: TENANT/SERVER, or SERVER for one of no tenant. [default: all]
    #[arg(value_name = "CONNECTION")]
    paths: Vec<ConnectionPath>,
    /// Seconds until a server is given up that does not answer.
    #[arg(long, value_name = "SECONDS", default_value = "15")]
    timeout_seconds: u64,
    #[command(flatten)]
    format: Format,
}

/// One line of the audit.
#[derive(Debug, Serialize)]
struct Line {
    connection: String,
    transport: &'static str,
    speaks: &'static str,
    revision: Option<&'static str>,
    era: Option<&'static str>,
    server: Option<String>,
    tools: Option<usize>,
    milliseconds: u128,
    error: Option<String>,
    remedy: Option<&'static str>,
    problems: Vec<String>,
    /// Why the list of tools was not read to its end.
    cut: Option<&'static str>,
    repairs: Vec<String>,
    stderr: Vec<String>,
}

pub(crate) async fn run(settings: &StoreSettings, options: CheckOptions) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let snapshot = office.store.load().await?;
    let gateway = GatewaySettings {
        open_timeout: Duration::from_secs(options.timeout_seconds),
        accounts: office.accounts()?,
        ..GatewaySettings::default()
    };
    let tasks = Tasks::new();
    let wanted = options.paths;
    for path in &wanted {
        gatehall_control::operation::find_connection(snapshot.company(), path)?;
    }
    let progress = |path: &ConnectionPath| {
        if output::is_terminal() && !options.format.json {
            error(&format!("asking {path} \u{2026}"));
        }
    };
    let statuses = check(
        &snapshot,
        &wanted,
        gateway,
        office.vault.clone(),
        Egress::new(0),
        &tasks,
        office.clock.now(),
        progress,
    )
    .await;
    tasks.finish(Duration::from_secs(8)).await;

    let mut lines: Vec<Line> = statuses.into_iter().map(line).collect();
    lines.sort_by(|a, b| (a.speaks, &a.connection).cmp(&(b.speaks, &b.connection)));
    let failed = lines.iter().any(|line| line.error.is_some());
    if options.format.json {
        output::json(&lines)?;
    } else {
        print(&lines);
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn line(status: ConnectionStatus) -> Line {
    let speaks = status.speaks();
    let mut line = Line {
        connection: status.path.to_string(),
        transport: status.transport,
        speaks: speaks.as_str(),
        revision: None,
        era: match speaks {
            Speaks::StreamableHttpModern | Speaks::StdioModern => Some("modern"),
            Speaks::StreamableHttpLegacy | Speaks::StdioLegacy => Some("legacy"),
            _ => None,
        },
        server: None,
        tools: None,
        milliseconds: status.took.as_millis(),
        error: None,
        remedy: None,
        problems: status.problems,
        cut: status.cut,
        repairs: status.repairs,
        stderr: status.stderr,
    };
    match status.state {
        State::Unseen => {}
        State::Up { facts, tools } => {
            line.revision = Some(facts.revision);
            line.server = Some(format!("{} {}", facts.name, facts.version).trim().to_owned());
            line.tools = Some(tools);
            line.stderr.clear();
        }
        State::Down(failure) => {
            line.error = Some(failure.to_string());
            line.remedy = Some(failure.remedy());
        }
    }
    line
}

fn print(lines: &[Line]) {
    let mut table = Table::new(&["speaks", "connection", "revision", "tools", "ms", "server"]);
    for line in lines {
        table.row([
            line.speaks.into(),
            line.connection.clone(),
            line.revision.unwrap_or("-").into(),
            line.tools.map_or_else(|| "-".into(), |tools| tools.to_string()),
            line.milliseconds.to_string(),
            line.server.clone().unwrap_or_default(),
        ]);
    }
    table.print("There are no connections yet: gatehall connection add TENANT/SERVER");
    for line in lines {
        if let Some(error) = &line.error {
            text(&format!(
                "\n{}: {error}\n  do: {}",
                line.connection,
                line.remedy.unwrap_or_default()
            ));
            for said in &line.stderr {
                text(&format!("  it said: {said}"));
            }
        }
        if let Some(why) = line.cut {
            text(&format!(
                "\n{}: its list of tools could not be read to the end ({why}), so only the part that \
                 was read is offered\n  do: fix the server's paging",
                line.connection
            ));
        }
        for problem in &line.problems {
            text(&format!("\n{}: a tool was left out: {problem}", line.connection));
        }
        for repair in &line.repairs {
            text(&format!("\n{}: repaired: {repair}", line.connection));
        }
    }
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for line in lines {
        match counts.iter_mut().find(|(speaks, _)| *speaks == line.speaks) {
            Some((_, count)) => *count += 1,
            None => counts.push((line.speaks, 1)),
        }
    }
    let counts: Vec<String> =
        counts.iter().map(|(speaks, count)| format!("{count} {speaks}")).collect();
    if !counts.is_empty() {
        text(&format!("\n{}", counts.join(", ")));
    }
}
