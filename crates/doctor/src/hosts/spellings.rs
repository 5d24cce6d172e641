//! Whether the proxy passes on headers in spellings that programs take for others. The gate refuses
//! a name with `_` that decides something, so that its answer tells whether one came through.

use gatehall_domain::Finding;
use http::StatusCode;

use super::{KEYS, Seen};
use crate::{
    ask::{Ask, ask},
    deployment::Deployment,
    senses::Senses,
};

/// What the gate says of such a header.
const REFUSED: &str = "is written with _";

/// Headers that the gate refuses, and no proxy means.
const SPELLINGS: [&str; 2] = ["x_forwarded_user", "x_openwebui_user_email"];

/// Looks at the gate's own host: the setting is one of the whole entry point.
pub(crate) async fn spellings(
    seen: &[Seen],
    deployment: &Deployment,
    senses: &Senses,
) -> Vec<Finding> {
    const NAME: &str = "alias headers";
    let mut report = Vec::new();
    let gate = deployment.gate_host();
    let Some(host) = seen.iter().find(|it| it.host == gate) else { return report };
    let Some((address, usual)) = host.answering() else { return report };
    let unknown = "whether the proxy passes X_User_Email and X.User.Email on cannot be seen: ";
    let remedy = "start the gate, and lead its host to it through the proxy";
    if usual.status != StatusCode::OK {
        report.push(Finding::unknown(
            NAME,
            format!("{unknown}the gate's host shows no keys"),
            remedy,
        ));
        return report;
    }
    for spelling in SPELLINGS {
        let headers = [(spelling, "doctor")];
        let question =
            Ask { headers: &headers, ..Ask::get(gate, deployment.ports.https, true, KEYS) };
        match ask(&question, address, senses).await {
            Ok(answer) if answer.text().contains(REFUSED) => {
                report.push(Finding::bad(
                    NAME,
                    format!(
                        "the proxy passes headers with _ on ({spelling}): programs that take \
                         X_User_Email or X.User.Email for X-User-Email believe whoever writes them"
                    ),
                    "set aliasHeadersStrategy: delete at every entry point of Traefik (with nginx \
                     leave underscores_in_headers off)",
                ));
                return report;
            }
            Ok(answer) if answer.status == StatusCode::OK => {}
            Ok(answer) => {
                // It may refuse such requests itself, which is as good.
                let found = format!("a request with them is refused ({})", answer.status);
                report.push(Finding::good(NAME, found));
                return report;
            }
            Err(fault) => {
                report.push(Finding::unknown(NAME, format!("{unknown}{fault}"), "try again"));
                return report;
            }
        }
    }
    report.push(Finding::good(NAME, "the proxy passes no header with _ on"));
    report
}
