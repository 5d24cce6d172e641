//! Whether the secrets are there, as they should be, and different.

use std::collections::{BTreeMap, BTreeSet};

use gatehall_compose_folder::{
    secret_files::{FOLDER, Found, Kind, MODEL, SECRETS, find, folder_problem},
    values::{client_secret, model_key},
};
use gatehall_domain::Finding;
use secrecy::ExposeSecret;

use super::compose_folder::{ComposeFolder, INIT, digest};

const NAME: &str = "secrets of the folder";

pub(super) fn judge(folder: &ComposeFolder, report: &mut Vec<Finding>) {
    let secrets = folder.secrets();
    // Whether others can read a file is up to the folder, of which is told elsewhere.
    let is_closed = folder_problem(&secrets).is_none();
    let mut good = true;
    let profile = folder.variable("PROVIDER_PROFILE").unwrap_or_default();
    let mut missing: Vec<&str> = Vec::new();
    let mut equal: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for file in &SECRETS {
        match find(&secrets, file) {
            Found::Missing if file.kind == Kind::Said => {
                good = false;
                report.push(unsaid(file.name, "it is missing"));
            }
            Found::Missing => missing.push(file.name),
            Found::Bad(problem) if is_closed => {
                good = false;
                let remedy = format!("fix {FOLDER}/{}, and then: {INIT}", file.name);
                report.push(Finding::bad(NAME, problem, remedy));
            }
            Found::Bad(_) => {}
            Found::There { secret, .. } if file.kind == Kind::Random => {
                equal.entry(digest(&secret)).or_default().insert(file.name);
            }
            Found::There { secret, .. } if file.kind == Kind::Said => {
                let secret = secret.expose_secret();
                let checked = match file.name {
                    MODEL => model_key(secret),
                    _ => client_secret(secret, profile),
                };
                if let Err(problem) = checked {
                    good = false;
                    report.push(unsaid(file.name, &problem));
                }
            }
            Found::There { .. } => {}
        }
    }
    if !missing.is_empty() {
        good = false;
        report.push(Finding::bad(NAME, format!("missing: {}", missing.join(", ")), INIT));
    }
    for (digest, names) in equal.into_iter().filter(|(_, names)| names.len() > 1) {
        good = false;
        let names: Vec<&str> = names.into_iter().collect();
        report.push(Finding::bad(
            NAME,
            format!(
                "one secret for several things: {} are equal (SHA-256 {digest}…), so that whoever \
                 learns one has all",
                names.join(", ")
            ),
            "put another into all of them but one",
        ));
    }
    if good && is_closed {
        report.push(Finding::good(NAME, "all are there, long and different"));
    } else if good {
        report.push(Finding::unknown(
            NAME,
            "the folder is not as it should be",
            "fix the folder first",
        ));
    }
}

/// What is wrong with a secret that somebody else made up.
fn unsaid(name: &str, problem: &str) -> Finding {
    let secret = match name {
        MODEL => "the key of the model endpoint, or none if it asks for none",
        _ => "the client secret that the provider shows",
    };
    let remedy = format!("put into {FOLDER}/{name} {secret}");
    Finding::bad(NAME, format!("{name}: {problem}"), remedy)
}
