//! Ports that have no business to be open to everybody.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
};

use futures_util::future::join_all;
use gatehall_domain::Finding;

use super::{Seen, names::elsewhere};
use crate::{
    ask::listens,
    deployment::{Deployment, Side},
    senses::Senses,
};

/// The ports that are open besides those of the proxy, on addresses that everybody reaches.
pub(crate) async fn others(
    seen: &[Seen],
    deployment: &Deployment,
    senses: &Senses,
) -> (Vec<Finding>, Vec<SocketAddr>) {
    const NAME: &str = "other ports";
    let mut report = Vec::new();
    let all: BTreeSet<IpAddr> =
        seen.iter().flat_map(|it| it.addresses.iter().flatten()).copied().collect();
    if all.is_empty() {
        return (report, Vec::new());
    }
    let public: Vec<IpAddr> = all.into_iter().filter(|it| (senses.is_public)(*it)).collect();
    if public.is_empty() {
        let found = "which ports are open to the internet cannot be seen from here";
        report.push(Finding::unknown(NAME, found, elsewhere(deployment)));
        return (report, Vec::new());
    }
    let each = public.iter().flat_map(|address| {
        deployment.ports.closed.iter().map(move |(port, what)| async move {
            let at = SocketAddr::new(*address, *port);
            listens(at).await.is_ok().then_some((at, *what))
        })
    });
    let open: Vec<_> = join_all(each).await.into_iter().flatten().collect();
    for (at, what) in &open {
        let found = format!("{at} is open ({what} usually listens there)");
        let remedy = "publish only the proxy's ports in the Compose file, and close all others in \
                      the firewall of the server's provider";
        match deployment.side {
            Side::Elsewhere => {
                report.push(Finding::bad(NAME, format!("{found} to everybody"), remedy))
            }
            // From the machine itself a firewall in front of it is not met.
            Side::Here => report.push(Finding::doubtful(
                NAME,
                format!("{found}; whether a firewall stands before it cannot be seen from here"),
                remedy,
            )),
        }
    }
    if open.is_empty() {
        let ports: Vec<String> =
            deployment.ports.closed.iter().map(|(port, _)| port.to_string()).collect();
        report.push(Finding::good(NAME, format!("closed: {}", ports.join(", "))));
    }
    (report, open.into_iter().map(|(at, _)| at).collect())
}
