//! Whether the gate is in the network that it shares with its proxy. An engine keeps a network as it
//! was made: where other addresses were chosen since, the gate believes others than its proxy.

use std::net::IpAddr;

use gatehall_domain::Finding;
use ipnet::IpNet;

/// Looks from which address somebody would be reached who is in the network.
pub(crate) fn look(
    network: Option<IpNet>,
    towards: fn(IpAddr) -> Option<IpAddr>,
) -> Option<Finding> {
    const NAME: &str = "network of the proxy";
    let network = network?;
    let own = towards(network.hosts().next()?).filter(|own| network.contains(own));
    Some(match own {
        Some(own) => Finding::good(NAME, format!("the gate has {own}, which is in {network}")),
        None => Finding::bad(
            NAME,
            format!(
                "the gate has no address in {network}, so that it does not believe its proxy: all \
                 visitors are sent away with 403"
            ),
            "docker compose down, then docker compose up -d --wait: the engine keeps a network \
             with the addresses of before until then (GATE_SUBNET)",
        ),
    })
}

#[cfg(test)]
mod tests {
    use gatehall_domain::Health;

    use super::*;
    use crate::senses::own_towards;

    #[test]
    fn a_network_that_was_made_with_other_addresses_is_told() {
        let at = |network: &str, own: fn(IpAddr) -> Option<IpAddr>| {
            look(Some(network.parse().unwrap()), own).unwrap()
        };
        let before: fn(IpAddr) -> Option<IpAddr> = |_| Some([172, 30, 253, 3].into());
        assert_eq!(at("172.30.253.0/28", before).state, Health::Good);
        let found = at("172.30.254.0/28", before);
        assert_eq!(found.state, Health::Bad);
        assert!(format!("{found:?}").contains("docker compose down"), "{found:?}");
        assert_eq!(at("172.30.254.0/28", |_| None).state, Health::Bad);
        assert_eq!(at("127.0.0.0/28", own_towards).state, Health::Good);
        assert!(look(None, before).is_none());
    }
}
