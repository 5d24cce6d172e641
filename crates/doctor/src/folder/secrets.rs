//! Whether the secrets are there, as they should be, and different.

use std::collections::{BTreeMap, BTreeSet};

use gatehall_compose_folder::secret_files::{FOLDER, Found, Kind, SECRETS, find, folder_problem};
use gatehall_domain::Finding;

use super::compose_folder::{ComposeFolder, INIT, digest};

const NAME: &str = "secrets of the folder";

pub(super) fn judge(folder: &ComposeFolder, report: &mut Vec<Finding>) {
    let secrets = folder.secrets();
    // Whether others can read a file is up to the folder, of which is told elsewhere.
    let is_closed = folder_problem(&secrets).is_none();
    let mut good = true;
    let (mut missing, mut told): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut equal: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for file in &SECRETS {
        match find(&secrets, file) {
            Found::Missing if file.kind == Kind::Said => told.push(file.name),
            Found::Missing => missing.push(file.name),
            Found::Bad(problem) if is_closed => {
                good = false;
                let remedy = format!("mend {FOLDER}/{}, and then: {INIT}", file.name);
                report.push(Finding::bad(NAME, problem, remedy));
            }
            Found::Bad(_) => {}
            Found::There { secret, .. } if file.kind == Kind::Random => {
                equal.entry(digest(&secret)).or_default().insert(file.name);
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
    if folder.variable("PROVIDER_CLIENT_ID").is_some() {
        for name in told {
            good = false;
            report.push(Finding::doubtful(
                NAME,
                format!("{name} is missing"),
                format!("put into {FOLDER}/{name} what its issuer shows"),
            ));
        }
    }
    if good && is_closed {
        report.push(Finding::good(NAME, "all are there, long and different"));
    } else if good {
        report.push(Finding::unknown(
            NAME,
            "the folder is not as it should be",
            "mend the folder first",
        ));
    }
}
