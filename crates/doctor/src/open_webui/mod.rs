//! Open WebUI: how it is set, and whether there is a way to it around the gate.

mod around;

use gatehall_domain::Finding;
use gatehall_open_webui::judge;

pub(crate) use self::around::around;
use crate::{ask::fetch, deployment::Deployment, senses::Senses};

const NAME: &str = "Open WebUI";

/// Asks it what it says to everybody, from within the deployment.
pub(crate) async fn look(deployment: &Deployment, senses: &Senses) -> Vec<Finding> {
    let mut report = Vec::new();
    let Some(url) = &deployment.chat_url else {
        if deployment.chat_host.is_some() {
            report.push(Finding::unknown(
                NAME,
                "its version and settings cannot be seen from here: the gate stands before it",
                "docker compose exec gatehall /gatehall doctor, with GATEHALL_OPEN_WEBUI_URL set \
                 to its address there, such as http://open-webui:8080",
            ));
        }
        return report;
    };
    match fetch(url, "/api/config", senses).await {
        Err(why) => report.push(Finding::bad(
            NAME,
            format!("{url} does not answer: {why}"),
            "see whether it is healthy: docker compose ps, docker compose logs open-webui",
        )),
        Ok(answer) => match answer.json().filter(|it| it["features"].is_object()) {
            None => report.push(Finding::bad(
                NAME,
                format!("{url} is another program: it has no /api/config ({})", answer.status),
                "correct GATEHALL_OPEN_WEBUI_URL",
            )),
            Some(config) => report.extend(judge(&config, None)),
        },
    }
    report
}

#[cfg(test)]
mod tests;
