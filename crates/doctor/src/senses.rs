//! With what the doctor looks. Tests have senses of their own.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket},
    path::Path,
    sync::Arc,
};

use gatehall_domain::Clock;
use ipnet::IpNet;
use rustls::RootCertStore;

use crate::{
    names::{NameFault, Names, SystemNames},
    room::{Room, room_of},
};

/// With what the doctor looks.
#[derive(Clone)]
pub struct Senses {
    /// What finds the addresses of hosts.
    pub names: Arc<dyn Names>,
    /// This machine's clock.
    pub clock: Clock,
    /// Who signs certificates that browsers take.
    pub roots: Arc<RootCertStore>,
    /// The addresses with which this machine speaks to others.
    pub own: Vec<IpAddr>,
    /// With which address this machine speaks to another.
    pub towards: fn(IpAddr) -> Option<IpAddr>,
    /// The room on the disk of a folder; none where that is not known.
    pub room: fn(&Path) -> Option<Room>,
    /// Whether an address is one that everybody reaches.
    pub is_public: fn(IpAddr) -> bool,
}

impl fmt::Debug for Senses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Senses").field("own", &self.own).finish_non_exhaustive()
    }
}

impl Senses {
    /// Those of this machine.
    pub fn system(clock: Clock) -> Self {
        Self {
            names: Arc::new(SystemNames),
            clock,
            roots: Arc::new(roots()),
            own: own_addresses(),
            towards: own_towards,
            room: room_of,
            is_public,
        }
    }

    /// The addresses of a host, which may be one itself.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameFault> {
        match host.trim_matches(['[', ']']).parse() {
            Ok(address) => Ok(vec![address]),
            Err(_) => self.names.addresses(host).await,
        }
    }
}

/// The certificate authorities of the system, or the usual public ones if it has none: those that
/// the gate itself trusts.
fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// From which address this machine would send to another. Nothing is sent.
pub(crate) fn own_towards(other: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match other {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((other, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|it| !it.is_unspecified())
}

/// From which addresses this machine would send to the internet.
fn own_addresses() -> Vec<IpAddr> {
    // Addresses for documentation, which lie behind whatever leads to the internet.
    let others =
        [Ipv4Addr::new(192, 0, 2, 1).into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()];
    others.into_iter().filter_map(own_towards).filter(|it| !it.is_loopback()).collect()
}

/// Networks that lead nowhere on the internet (RFC 6890): inner ones, this machine, carriers' own,
/// documentation.
const INNER: [&str; 16] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
    "::/127",
    "64:ff9b:1::/48",
    "100::/64",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// Whether an address is one that everybody reaches.
fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let within = |network: &str| {
        network.parse::<IpNet>().is_ok_and(|network: IpNet| network.contains(&address))
    };
    !INNER.iter().any(|network| within(network))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_addresses_are_known() {
        assert!(INNER.iter().all(|it| it.parse::<IpNet>().is_ok()));
        for (address, public) in [
            ("8.8.8.8", true),
            ("2a01:4f8::1", true),
            ("127.0.0.1", false),
            ("172.20.0.5", false),
            ("172.32.0.5", true),
            ("100.100.1.1", false),
            ("::1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
