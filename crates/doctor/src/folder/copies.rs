//! Open WebUI reads no files, so that its secrets are copied into a file of variables. Whoever
//! changes one place only keeps programs from each other.

use gatehall_compose_folder::chat_env::{Difference, SIGNING, differences};
use gatehall_domain::Finding;
use secrecy::{ExposeSecret, SecretString};

use super::compose_folder::{ComposeFolder, INIT, digest};

const NAME: &str = "copies of secrets";

pub(super) fn judge(folder: &ComposeFolder, report: &mut Vec<Finding>) {
    let Some(chat) = &folder.chat else {
        return report.push(Finding::bad(
            NAME,
            "secrets/open-webui.env is not there, or cannot be read",
            INIT,
        ));
    };
    let differ = match differences(chat.expose_secret(), &|name| folder.secret(name)) {
        Ok(differ) => differ,
        Err(problem) => {
            return report.push(Finding::bad(NAME, problem, "write what Compose can read"));
        }
    };
    for it in &differ {
        let is_set = |it: &&SecretString| !it.expose_secret().is_empty();
        match it.here.as_ref().filter(is_set) {
            None if it.variable == SIGNING => report.push(Finding::bad(
                "signed user headers",
                format!(
                    "{SIGNING} is not set for Open WebUI: it says who its users are in plain \
                     headers, which the gate does not believe, so that nobody has tools"
                ),
                INIT,
            )),
            here => tell(it, here, report),
        }
    }
    if differ.is_empty() {
        report.push(Finding::good(NAME, "what open-webui.env repeats of the secrets is equal"));
    }
}

fn tell(it: &Difference, here: Option<&SecretString>, report: &mut Vec<Finding>) {
    let Difference { variable, file, there, .. } = it;
    let said = match here {
        Some(here) => format!("says a secret (SHA-256 {}…) that is another than", digest(here)),
        None => "does not say".to_owned(),
    };
    report.push(Finding::bad(
        NAME,
        format!(
            "{variable} in secrets/open-webui.env {said} secrets/{file} (SHA-256 {}…)",
            digest(there)
        ),
        "remove secrets/open-webui.env, run gatehall init compose again, and start what uses it \
         anew: docker compose up -d",
    ));
}
