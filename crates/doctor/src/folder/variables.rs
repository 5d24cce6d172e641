//! The variables of the Compose file.

use gatehall_compose_folder::{table, variables::twice};
use gatehall_domain::Finding;

use super::compose_folder::{ComposeFolder, INIT};

/// Whether the variables can be meant.
pub(super) fn judge(folder: &ComposeFolder, report: &mut Vec<Finding>) {
    const NAME: &str = "variables in .env";
    let mut good = true;
    if !folder.path().join("compose.yaml").exists() {
        good = false;
        report.push(Finding::bad("compose.yaml", "it is not in the folder", INIT));
    }
    if let Some(found) = twice(&folder.variables) {
        good = false;
        report.push(Finding::bad(NAME, found, "leave the line that you mean"));
    }
    let missing: Vec<&str> = table::missing(&folder.variables).collect();
    if !missing.is_empty() {
        good = false;
        let missing = missing.join(", ");
        report.push(Finding::bad(
            NAME,
            format!("missing or empty: {missing}"),
            format!("set {missing} in .env"),
        ));
    }
    for (name, problem) in table::problems(&folder.variables) {
        good = false;
        report.push(Finding::bad(
            NAME,
            format!("{name}: {problem}"),
            format!("correct {name} in .env"),
        ));
    }
    if folder.variable("ACME_CA_SERVER").is_some_and(|it| it.contains("staging")) {
        good = false;
        report.push(Finding::doubtful(
            NAME,
            "ACME_CA_SERVER is the staging one, whose certificates no browser takes",
            "set it to https://acme-v02.api.letsencrypt.org/directory once the rest works",
        ));
    }
    let is_told = |(name, value): &(&str, &str)| is_secret(name) && !value.is_empty();
    let all = folder.variables.all().into_iter();
    let told: Vec<&str> = all.filter(is_told).map(|(name, _)| name).collect();
    if !told.is_empty() {
        good = false;
        report.push(Finding::doubtful(
            NAME,
            format!("secrets stand in .env, which others may read: {}", told.join(", ")),
            "move them into files of the folder secrets",
        ));
    }
    if good {
        report.push(Finding::good(NAME, "all that are needed are set, and each can be meant"));
    }
}

/// Whether a variable holds what nobody is to read, by its name.
fn is_secret(name: &str) -> bool {
    ["_PASSWORD", "_SECRET", "_SECRET_KEY", "_API_KEY", "_TOKEN"]
        .iter()
        .any(|it| name.ends_with(it))
}
