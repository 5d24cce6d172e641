//! What is asked of every host, before anything is said of it.

use std::net::IpAddr;

use futures_util::future::{join, join_all};

use crate::{
    ask::{Answer, Ask, Fault, ask},
    deployment::Deployment,
    names::NameFault,
    senses::Senses,
};

/// Where the gate shows its keys, on every host that leads to it.
pub(crate) const KEYS: &str = "/.well-known/jwks.json";

/// What was seen of a host.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) host: String,
    /// Its addresses.
    pub(crate) addresses: Result<Vec<IpAddr>, NameFault>,
    /// What each answers with TLS.
    pub(crate) secure: Vec<(IpAddr, Result<Answer, Fault>)>,
    /// What each answers without.
    pub(crate) plain: Vec<(IpAddr, Result<Answer, Fault>)>,
}

impl Seen {
    /// The first address that answers, and what it says.
    pub(crate) fn answering(&self) -> Option<(IpAddr, &Answer)> {
        self.secure.iter().find_map(|(address, it)| Some((*address, it.as_ref().ok()?)))
    }

    /// Whether it can be looked at further.
    pub(crate) fn is_there(&self) -> bool {
        matches!(&self.addresses, Ok(addresses) if !addresses.is_empty())
    }
}

/// Looks at all hosts, side by side.
pub(crate) async fn see(deployment: &Deployment, senses: &Senses) -> Vec<Seen> {
    join_all(deployment.hosts.iter().map(|host| see_host(host, deployment, senses))).await
}

async fn see_host(host: &str, deployment: &Deployment, senses: &Senses) -> Seen {
    let addresses = senses.addresses(host).await;
    let known = addresses.clone().unwrap_or_default();
    let ports = &deployment.ports;
    let each = |secure: bool| {
        let port = if secure { ports.https } else { ports.http };
        // A browser that was given the name alone asks for this.
        let path = if secure { KEYS } else { "/" };
        let asked = known.iter().map(move |address| async move {
            (*address, ask(&Ask::get(host, port, secure, path), *address, senses).await)
        });
        join_all(asked)
    };
    let (secure, plain) = join(each(true), each(false)).await;
    Seen { host: host.to_owned(), addresses, secure, plain }
}
