//! Open WebUI: how it is set, and whether there is a way to it around the gate.

mod around;
mod known;

use serde_json::Value;
use url::Url;

pub(crate) use self::around::around;
use self::known::{BEYOND, FIRST, NEWEST, shown, version};
use crate::{
    ask::{Answer, Ask, by_name},
    deployment::Deployment,
    report::Report,
    senses::Senses,
};

const NAME: &str = "Open WebUI";

/// Asks it what it says to everybody, from within the deployment.
pub(crate) async fn look(deployment: &Deployment, senses: &Senses) -> Report {
    let mut report = Report::default();
    let Some(url) = &deployment.chat_url else {
        if deployment.chat_host.is_some() {
            report.unknown(
                NAME,
                "its version and settings cannot be seen from here: the gate stands before it",
                "docker compose exec gatehall /gatehall doctor, with GATEHALL_OPEN_WEBUI_URL set \
                 to its address there, such as http://open-webui:8080",
            );
        }
        return report;
    };
    match fetch(url, "/api/config", senses).await {
        Err(why) => report.bad(
            NAME,
            format!("{url} does not answer: {why}"),
            "see whether it is healthy: docker compose ps, docker compose logs open-webui",
        ),
        Ok(answer) => match answer.json().filter(|it| it["features"].is_object()) {
            None => report.bad(
                NAME,
                format!("{url} is another program: it has no /api/config ({})", answer.status),
                "correct GATEHALL_OPEN_WEBUI_URL",
            ),
            Some(config) => {
                judge_version(&config, &mut report);
                judge_settings(&config, &mut report);
            }
        },
    }
    report
}

async fn fetch(url: &Url, path: &str, senses: &Senses) -> Result<Answer, String> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err("it names no host".into());
    };
    by_name(&Ask::get(host, port, url.scheme() == "https", path), senses).await
}

fn judge_version(config: &Value, report: &mut Report) {
    const NAME: &str = "Open WebUI's version";
    let said = config["version"].as_str().unwrap_or_default();
    let tried = format!("{} to {}", shown(FIRST), shown(NEWEST));
    match version(said) {
        None => report.unknown(
            NAME,
            "it does not say one that can be read",
            format!("look at its image; tried were {tried}"),
        ),
        Some(it) if it < FIRST => report.bad(
            NAME,
            format!(
                "{said} is older than those that were tried ({tried}): it does not sign what it \
                 says of its users, so that nobody has tools"
            ),
            "raise OPEN_WEBUI_IMAGE, after a dump of its database",
        ),
        Some(it) if it >= BEYOND => report.doubtful(
            NAME,
            format!("{said} is newer than those that were tried ({tried})"),
            "see whether Gatehall has a newer release, and try a chat with tools",
        ),
        Some(_) => report.good(NAME, format!("{said} (tried were {tried})")),
    }
}

fn judge_settings(config: &Value, report: &mut Report) {
    const NAME: &str = "Open WebUI's settings";
    let features = &config["features"];
    let is = |name: &str| features[name].as_bool();
    let trusts = is("auth_trusted_header") == Some(true);
    let before = config["onboarding"].as_bool() == Some(true);
    let mut good = true;
    if is("auth") == Some(false) {
        good = false;
        report.bad(
            NAME,
            "WEBUI_AUTH is off: whoever reaches it is its administrator",
            "remove WEBUI_AUTH=false",
        );
    }
    if before {
        good = false;
        report.doubtful(
            NAME,
            "it has no account yet: whoever signs in first becomes its administrator",
            "sign in first, as the one whom ADMIN_EMAIL names",
        );
    }
    match is("enable_signup") {
        Some(true) if before => {}
        Some(true) => {
            good = false;
            let found = "sign-up is open: whoever reaches it makes an account with any address, \
                         that of an administrator of the gate, too";
            let remedy = "set ENABLE_SIGNUP=false, or switch it off on its page Admin Settings, \
                          General, where its database has the setting already";
            report.bad(NAME, found, remedy);
        }
        Some(false) => {}
        None => {
            good = false;
            let found = "whether sign-up is open is not said";
            report.unknown(NAME, found, "look at its page Admin Settings, General");
        }
    }
    if good {
        let how = match (trusts, is("enable_login_form")) {
            (true, _) => "it takes the gate's word for who somebody is",
            (false, Some(true)) => "it signs people in itself, with passwords too",
            (false, _) => "it signs people in itself",
        };
        report.good(NAME, format!("sign-up is closed; {how}"));
    }
}

#[cfg(test)]
mod tests;
