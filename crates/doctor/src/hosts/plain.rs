//! The port without TLS: it leads to https and does nothing else.

use gatehall_domain::Finding;
use http::header;

use super::Seen;
use crate::{
    ask::{Answer, Fault},
    deployment::Deployment,
};

pub(super) fn judge(host: &Seen, deployment: &Deployment, report: &mut Vec<Finding>) {
    let port = deployment.ports.http;
    let subject = format!("port {port} of {}", host.host);
    let mut leads = false;
    for (address, answer) in &host.plain {
        match answer {
            Ok(answer) if leads_to_https(answer, &host.host) => leads = true,
            Ok(answer) => {
                return report.push(Finding::bad(
                    subject,
                    format!(
                        "{address} answers {}{} in place of leading to https://{}/: something else \
                         has the port, or the proxy serves the host without TLS",
                        answer.status,
                        software(answer),
                        host.host
                    ),
                    format!(
                        "see who has it on the server (ss -ltnp 'sport = :{port}') and stop that; \
                         the proxy's own entry point needs a redirection to https alone"
                    ),
                ));
            }
            Err(_) => {}
        }
    }
    if leads {
        return report.push(Finding::good(subject, "it leads to https and does nothing else"));
    }
    match host.plain.first() {
        Some((_, Err(Fault::Slow | Fault::Refused))) => report.push(Finding::doubtful(
            subject,
            "nothing answers, so that whoever types the name without https:// gets nowhere",
            format!("open port {port} in the firewall and publish it: the proxy leads to https"),
        )),
        Some((address, Err(fault))) => {
            let remedy = "look whether another program has the port (ss -ltnp)";
            report.push(Finding::doubtful(subject, format!("{address}: {fault}"), remedy));
        }
        _ => {}
    }
}

/// Whether an answer sends the visitor to the same host with TLS.
fn leads_to_https(answer: &Answer, host: &str) -> bool {
    let rest = answer.leads_to_https().and_then(|it| it.strip_prefix(host));
    rest.is_some_and(|it| it.is_empty() || it.starts_with(['/', ':']))
}

/// What it says it is.
pub(crate) fn software(answer: &Answer) -> String {
    let said = answer.header(header::SERVER).unwrap_or_default();
    let said: String = said.chars().filter(|it| !it.is_control()).take(40).collect();
    if said.is_empty() { said } else { format!(" (it calls itself {said})") }
}
