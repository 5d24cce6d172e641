//! Where the names of the hosts lead.

use std::{collections::BTreeSet, net::IpAddr};

use gatehall_domain::Finding;
use url::Url;

use super::Seen;
use crate::{
    ask::{Answer, Fault},
    deployment::{Deployment, Side},
    names::{NameFault, is_local},
    senses::Senses,
};

fn list<'a>(addresses: impl IntoIterator<Item = &'a IpAddr>) -> String {
    let all: Vec<String> = addresses.into_iter().map(ToString::to_string).collect();
    all.join(", ")
}

pub(super) fn judge(
    seen: &[Seen],
    deployment: &Deployment,
    senses: &Senses,
    report: &mut Vec<Finding>,
) {
    let proven = proven(seen, deployment);
    for host in seen {
        judge_host(host, &proven, deployment, senses, report);
    }
    agree(seen, deployment, senses, report);
}

/// The addresses at which this gate shows its keys.
fn proven(seen: &[Seen], deployment: &Deployment) -> BTreeSet<IpAddr> {
    let Some(keys) = &deployment.keys else { return BTreeSet::new() };
    let all = seen.iter().flat_map(|it| &it.secure);
    let shows = |answer: &Result<Answer, Fault>| {
        answer.as_ref().is_ok_and(|it| it.json().as_ref() == Some(keys))
    };
    all.filter(|(_, answer)| shows(answer)).map(|(address, _)| *address).collect()
}

fn judge_host(
    host: &Seen,
    proven: &BTreeSet<IpAddr>,
    deployment: &Deployment,
    senses: &Senses,
    report: &mut Vec<Finding>,
) {
    let subject = format!("name {}", host.host);
    let addresses = match &host.addresses {
        Err(NameFault::Missing) => {
            return report.push(Finding::bad(
                subject,
                "there is no such name, so that nobody finds the host",
                format!(
                    "add a record for {} where the domain is kept: A with the server's IPv4 \
                     address, and AAAA only if it has IPv6; it may take an hour until all see it",
                    host.host
                ),
            ));
        }
        Err(NameFault::Unknown(why)) => {
            return report.push(Finding::unknown(
                subject,
                format!("it cannot be looked up from here: {why}"),
                elsewhere(deployment),
            ));
        }
        Ok(addresses) if addresses.is_empty() => {
            let remedy = format!("add an A record for {}", host.host);
            return report.push(Finding::bad(subject, "the name has no address", remedy));
        }
        Ok(addresses) => addresses,
    };
    if is_local(&host.host) {
        return report.push(Finding::good(subject, "it is this machine's own"));
    }
    if let Some(dead) = dead(host, report) {
        return report.push(Finding::bad(
            subject,
            format!(
                "of its addresses {} leads nowhere ({}), so that visitors who are given it wait \
                 or fail, and so may certificates",
                dead.0, dead.1
            ),
            format!(
                "remove the record with {} for {}, or have the server listen there",
                dead.0, host.host
            ),
        ));
    }
    let found = list(addresses);
    if addresses.iter().any(|it| !(senses.is_public)(*it)) {
        return report.push(Finding::unknown(
            subject,
            format!(
                "from here it leads to {found}, which is no address of the internet: where it \
                 leads everybody else cannot be seen from here"
            ),
            elsewhere(deployment),
        ));
    }
    if addresses.iter().all(|it| proven.contains(it)) {
        return report.push(Finding::good(subject, format!("it leads to this gate ({found})")));
    }
    judge_place(host, addresses, deployment, senses, report);
}

/// Whether the addresses are those of this machine, as far as that can be known.
fn judge_place(
    host: &Seen,
    addresses: &[IpAddr],
    deployment: &Deployment,
    senses: &Senses,
    report: &mut Vec<Finding>,
) {
    let (subject, found) = (format!("name {}", host.host), list(addresses));
    let own: Vec<_> = senses.own.iter().filter(|it| (senses.is_public)(**it)).collect();
    if deployment.side == Side::Elsewhere {
        return report.push(Finding::good(subject, format!("it leads to {found}")));
    }
    if addresses.iter().all(|it| senses.own.contains(it)) {
        return report.push(Finding::good(subject, format!("it leads to this machine ({found})")));
    }
    let remedy = "compare with the address that your provider of servers shows for this machine";
    match own.is_empty() {
        true => report.push(Finding::doubtful(
            subject,
            format!(
                "it leads to {found}; whether that is this machine cannot be seen from here, since \
                 it has only inner addresses itself ({}: NAT, or a container)",
                list(&senses.own)
            ),
            remedy,
        )),
        false => report.push(Finding::doubtful(
            subject,
            format!("it leads to {found}, and this machine has {}", list(own)),
            format!("{remedy}; it is right if a balancer or another proxy stands in front"),
        )),
    }
}

/// An address of several at which nothing answers, while another answers.
fn dead(host: &Seen, report: &mut Vec<Finding>) -> Option<(IpAddr, String)> {
    host.answering()?;
    for (address, answer) in &host.secure {
        match answer {
            Ok(_) => {}
            Err(Fault::NoRoute) if address.is_ipv6() => report.push(Finding::unknown(
                format!("IPv6 of {}", host.host),
                format!("whether {address} leads there cannot be seen: this machine has no IPv6"),
                "run the doctor from a machine with IPv6, or remove the AAAA record if the server \
                 has none",
            )),
            Err(fault) => return Some((*address, fault.to_string())),
        }
    }
    None
}

/// Whether all hosts lead to one place.
fn agree(seen: &[Seen], deployment: &Deployment, senses: &Senses, report: &mut Vec<Finding>) {
    let gate = deployment.gate_host();
    let public = |host: &Seen| -> BTreeSet<IpAddr> {
        let all = host.addresses.iter().flatten().copied();
        all.filter(|it| (senses.is_public)(*it)).collect()
    };
    let Some(of_gate) = seen.iter().find(|it| it.host == gate).map(public) else { return };
    for host in seen.iter().filter(|it| it.host != gate) {
        let here = public(host);
        if !here.is_empty() && !of_gate.is_empty() && here != of_gate {
            report.push(Finding::doubtful(
                "names together",
                format!("{} leads to {}, but {gate} to {}", host.host, list(&here), list(&of_gate)),
                "have all of them lead to the one machine with the proxy, unless you meant it so",
            ));
        }
    }
}

/// How to look from where more can be seen.
pub(super) fn elsewhere(deployment: &Deployment) -> String {
    if deployment.side == Side::Elsewhere {
        return "look from a machine that resolves the names of the internet".into();
    }
    let url = deployment.public_url.as_ref().map_or("URL", Url::as_str).trim_end_matches('/');
    let chat = deployment.chat_host.as_deref();
    let domain = chat.and_then(|it| it.split_once('.')).map_or("DOMAIN", |(_, domain)| domain);
    format!("run it from a machine elsewhere: gatehall doctor --public-url {url} --domain {domain}")
}
