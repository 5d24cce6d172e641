mod deployment;
mod options;
mod store;

use std::process::ExitCode;

use anyhow::Result;
use futures_util::future::join3;
use gatehall_doctor::{ComposeFolder, Senses, look};

pub(crate) use self::options::DoctorOptions;
use self::store::Inside;
use super::findings as found;
use crate::{
    output::{self, error},
    settings::StoreSettings,
    system_clock,
};

pub(crate) async fn run(settings: &StoreSettings, options: DoctorOptions) -> Result<ExitCode> {
    let json = options.format.json;
    let progress = |what: &str| {
        if output::is_terminal() && !json {
            error(&format!("looking at {what} \u{2026}"));
        }
    };
    let folder = options.folder.as_deref().map(ComposeFolder::open).transpose()?;
    let senses = Senses::system(system_clock());
    let mut findings = Vec::new();
    let inside = match options.has_store(settings) {
        false => None,
        true => match Inside::open(settings, &options, &senses).await {
            Ok((inside, of_database)) => {
                findings.extend(of_database);
                Some(inside)
            }
            // All else can be looked at without it.
            Err(error) if options.domain.is_some() => {
                findings.push(store::closed(&error));
                None
            }
            Err(error) => return Err(error),
        },
    };
    let deployment = options.deployment(folder.as_ref(), inside.as_ref())?;
    let of_folder = async {
        match &folder {
            Some(folder) => {
                progress("the folder");
                let ports = [deployment.ports.http, deployment.ports.https];
                folder.findings(&senses, ports, deployment.gate_host()).await
            }
            None => Vec::new(),
        }
    };
    let of_gate = async {
        match &inside {
            Some(inside) => inside.examine(progress).await,
            None => Vec::new(),
        }
    };
    let looked = join3(of_folder, of_gate, look(&deployment, &senses, progress)).await;
    findings.extend([looked.0, looked.1, looked.2].into_iter().flatten());
    if inside.is_none() {
        findings.push(store::unseen());
    }
    match json {
        true => output::json(&findings).map(drop)?,
        false => found::print(&findings, "There is nothing to check."),
    }
    Ok(found::exit(&findings))
}
