//! One file for each command.

pub(crate) mod admin;
pub(crate) mod api;
pub(crate) mod audit;
pub(crate) mod chats;
pub(crate) mod check;
pub(crate) mod connection;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
mod findings;
pub(crate) mod grant;
pub(crate) mod group;
pub(crate) mod healthcheck;
pub(crate) mod host_rule;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod open_webui;
pub(crate) mod provider;
mod secret;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod tenant;
pub(crate) mod undo;
pub(crate) mod user;

use std::{fmt::Display, process::ExitCode};

use anyhow::Result;
use gatehall_control::{Desk, DeskError, operation};
use gatehall_domain::{Change, Company, Record, Refusal};

use crate::output::{done, error};

/// Removes a record that `find` finds, and says all that went with it.
async fn remove(
    desk: &Desk,
    cascade: bool,
    find: impl Fn(&Company) -> Result<Record, Refusal>,
) -> Result<ExitCode> {
    let removed = desk
        .change(|snapshot| {
            let company = snapshot.company();
            let changes = operation::remove(company, find(company)?, cascade)?;
            let names: Vec<String> = changes
                .iter()
                .map(|change| {
                    format!("{} {}", change.record().kind(), company.label(change.record()))
                })
                .collect();
            Ok((changes, names))
        })
        .await;
    match removed {
        Ok(names) => {
            for name in &names {
                error(&format!("removed {name}"));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(DeskError::Refused(refusal @ Refusal::InUse { .. })) => {
            anyhow::bail!("{refusal}, or remove all of it at once with --cascade")
        }
        Err(error) => Err(error.into()),
    }
}

/// Applies the changes that an operation makes of the company, and says whether there were any.
async fn change<E: Into<DeskError>>(
    desk: &Desk,
    name: impl Display,
    operation: impl Fn(&Company) -> Result<Vec<Change>, E>,
) -> Result<ExitCode> {
    let changed = desk.change(|snapshot| {
        let changes = operation(snapshot.company()).map_err(Into::into)?;
        let some = !changes.is_empty();
        Ok((changes, some))
    });
    match changed.await? {
        false => done(&format!("{name} is already like that")),
        true => done(&format!("changed {name}")),
    }
}
