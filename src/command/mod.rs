//! One file for each command.

pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod connection;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod grant;
pub(crate) mod group;
pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod server;
pub(crate) mod tenant;
pub(crate) mod user;

use std::process::ExitCode;

use anyhow::Result;
use gatehall_domain::Record;
use gatehall_portal::{Desk, operation};

use crate::output::{done, error};

/// Removes a record that `find` finds, and says all that went with it.
async fn remove(
    desk: &Desk,
    cascade: bool,
    find: impl Fn(&gatehall_domain::Company) -> Result<Record, gatehall_domain::Refusal>,
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
        Err(gatehall_portal::DeskError::Refused(
            refusal @ gatehall_domain::Refusal::InUse { .. },
        )) => {
            anyhow::bail!("{refusal}, or remove all of it at once with --cascade")
        }
        Err(error) => Err(error.into()),
    }
}

/// Says what was changed, or that nothing was.
fn changed(count: usize, name: impl std::fmt::Display) -> Result<ExitCode> {
    match count {
        0 => done(&format!("{name} is so already")),
        _ => done(&format!("changed {name}")),
    }
}
