use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use gatehall_control::operation::find_user;
use gatehall_domain::{EmailAddress, Sessions, Timestamp};
use serde::Serialize;

use crate::{
    office::Office,
    output::{Format, Table, done, json},
    settings::StoreSettings,
};

/// Who is signed in with a browser.
#[derive(Debug, Args)]
pub struct SessionCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List sessions.
    List {
        /// Only those of this user.
        email: Option<EmailAddress>,
        #[command(flatten)]
        format: Format,
    },
    /// End all sessions of a user, at once.
    End {
        /// The user.
        email: EmailAddress,
    },
}

#[derive(Serialize)]
struct Line {
    user: String,
    provider: Option<String>,
    created_at: Timestamp,
    seen_at: Timestamp,
    expires_at: Timestamp,
}

pub(crate) async fn run(settings: &StoreSettings, command: SessionCommand) -> Result<ExitCode> {
    let office = Office::of_gate(settings).await?;
    let (snapshot, now) = (office.store.load().await?, office.clock.now());
    let company = snapshot.company();
    match command.action {
        Action::List { email, format } => {
            let only = email.map(|email| find_user(company, &email).map(|user| user.id));
            let only = only.transpose()?;
            let sessions = office.store.sessions_since(Timestamp::from_micros(0), now).await?;
            let live = sessions
                .into_iter()
                .filter(|it| it.ended_at.is_none() && only.is_none_or(|user| user == it.user));
            let lines: Vec<Line> = live
                .map(|it| Line {
                    user: company.user_label(it.user),
                    provider: it.login.map(|login| login.provider.to_string()),
                    created_at: it.created_at,
                    seen_at: it.seen_at,
                    expires_at: it.expires_at,
                })
                .collect();
            if format.json {
                return json(&lines);
            }
            let mut table = Table::new(&["user", "signed in with", "since", "last used", "until"]);
            for it in lines {
                let provider = it.provider.unwrap_or_else(|| "a link".into());
                let times = [it.created_at, it.seen_at, it.expires_at].map(|at| at.to_string());
                let [since, seen, until] = times;
                table.row([it.user, provider, since, seen, until]);
            }
            table.print("Nobody is signed in.");
            Ok(ExitCode::SUCCESS)
        }
        Action::End { email } => {
            let user = find_user(company, &email)?.id;
            let ended = office.store.end_sessions(&Sessions::User(user), now).await?;
            done(&format!("ended {ended} sessions of {email}"))
        }
    }
}
