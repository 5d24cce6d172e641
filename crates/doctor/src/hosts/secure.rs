//! The port of https.

use super::Seen;
use crate::{ask::Fault, deployment::Deployment};
use gatehall_domain::Finding;

pub(super) fn judge(host: &Seen, deployment: &Deployment, report: &mut Vec<Finding>) {
    let port = deployment.ports.https;
    let subject = format!("port {port} of {}", host.host);
    if let Some((address, answer)) = host.answering() {
        return match answer.status.as_u16() {
            502..=504 => report.push(Finding::bad(
                subject,
                format!("the proxy answers {}: what is behind it is down", answer.status),
                "see which service is not healthy: docker compose ps, docker compose logs",
            )),
            _ => report.push(Finding::good(subject, format!("{address} answers with TLS"))),
        };
    }
    let Some((address, Err(fault))) = host.secure.first() else { return };
    let remedy = match fault {
        Fault::Refused => {
            "start the proxy (docker compose up -d), and see whether it publishes \
                           the port (docker compose ps)"
        }
        Fault::NoTls(_) => {
            "another program has the port (ss -ltnp), or the proxy has no TLS there: its entry \
             point needs tls"
        }
        Fault::Slow | Fault::NoRoute => {
            "open the port in the firewall of the server's provider, and look whether the name \
             leads to the right machine"
        }
        Fault::Broken(_) | Fault::Unproven(_) => "look at the log of the proxy",
    };
    report.push(Finding::bad(subject, format!("{address} is no use: {fault}"), remedy));
}
