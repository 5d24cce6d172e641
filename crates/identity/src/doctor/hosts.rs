//! Whether the gate runs, and whether clients may come under its public name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gatehall_domain::Finding;
use url::Url;

use super::Doctor;

/// Where a gate that listens here is found from within.
pub fn within(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

impl Doctor<'_> {
    /// `/mcp` refuses host names that are not listed, and a proxy passes the public one on.
    pub(super) fn look_at_allowed_hosts(&mut self) {
        const NAME: &str = "allowed hosts";
        let public_url = self.patient.public_url.as_ref();
        let Some(host) = public_url.and_then(Url::host_str) else { return };
        let (host, allowed) = (host.trim_matches(['[', ']']), &self.patient.allowed_hosts);
        if allowed.is_empty() {
            return;
        }
        match allowed.iter().any(|name| name.eq_ignore_ascii_case(host)) {
            true => self.findings.push(Finding::good(NAME, format!("clients may come as {host}"))),
            false => self.findings.push(Finding::bad(
                NAME,
                format!(
                    "GATEHALL_ALLOWED_HOSTS lacks {host}, the host of GATEHALL_PUBLIC_URL, so that \
                     clients who come under it are refused"
                ),
                format!("add {host} to GATEHALL_ALLOWED_HOSTS"),
            )),
        }
    }

    /// A page of the gate where it listens, without the proxy; none if that is not known, or not on
    /// this machine: elsewhere nothing is sent that is not encrypted.
    pub(super) fn without_proxy(&self, path: &str) -> Option<Url> {
        let listen = within(self.patient.listen?);
        let at = Url::parse(&format!("http://{listen}{path}"));
        at.ok().filter(|_| listen.ip().is_loopback())
    }

    /// Asks the gate where it listens, without the proxy.
    pub(super) async fn look_whether_it_listens(&mut self) {
        const NAME: &str = "gate";
        let Some(at) = self.without_proxy("/.well-known/jwks.json") else { return };
        let listen = at.authority().to_owned();
        match self.get(&at, &[]).await {
            Ok(_) => self.findings.push(Finding::good(NAME, format!("it answers at {listen}"))),
            Err(error) => self.findings.push(Finding::bad(
                NAME,
                format!("the gate is down: nothing answers at {listen} ({error})"),
                "start it: gatehall serve",
            )),
        }
    }
}
