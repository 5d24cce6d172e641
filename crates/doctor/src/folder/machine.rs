//! Whether the ports that the proxy needs are its own on this machine.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    ask::{Ask, Fault, ask},
    senses::Senses,
};
use gatehall_domain::Finding;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Looks at what listens on this machine's ports for HTTP and HTTPS.
pub(super) async fn look(
    [http, https]: [u16; 2],
    host: &str,
    senses: &Senses,
    report: &mut Vec<Finding>,
) {
    for (port, secure) in [(http, false), (https, true)] {
        let subject = format!("port {port} of this machine");
        let answer = ask(&Ask::get(host, port, secure, "/"), HERE, senses).await;
        let taken = |what: String| {
            (
                format!("another program has it ({what}), so that the proxy cannot start"),
                format!(
                    "see which (ss -ltnp 'sport = :{port}'), and stop it: systemctl disable \
                         --now nginx, apache2 or caddy, as it is called"
                ),
            )
        };
        let (found, remedy) = match answer {
            Err(Fault::Refused) => {
                report.push(Finding::unknown(
                    subject,
                    "nothing listens: it is free, and the proxy is not started",
                    "docker compose up -d --wait",
                ));
                continue;
            }
            Err(Fault::NoTls(why)) => taken(format!("no TLS: {why}")),
            Err(fault) => taken(fault.to_string()),
            // Traefik answers so, as do the programs behind it: its redirection is to https.
            Ok(answer) if secure || answer.leads_to_https().is_some() => {
                report.push(Finding::good(subject, "the proxy has it"));
                continue;
            }
            Ok(answer) => {
                taken(format!("it answers {}{}", answer.status, crate::hosts::software(&answer)))
            }
        };
        report.push(Finding::bad(subject, found, remedy));
    }
}
