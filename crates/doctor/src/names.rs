//! Addresses of hosts.

use std::{io, net::IpAddr, pin::Pin};

use tokio::net::lookup_host;

/// What finds the addresses of hosts.
pub trait Names: Send + Sync {
    /// All addresses of a host.
    fn addresses<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, NameFault>> + Send + 'a>>;
}

/// Why a host has no addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// There is no such name.
    #[error("there is no such name")]
    Missing,
    /// Nobody says.
    #[error("{0}")]
    Unknown(String),
}

/// The names of this machine's system.
pub(crate) struct SystemNames;

impl Names for SystemNames {
    fn addresses<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, NameFault>> + Send + 'a>> {
        Box::pin(async move {
            // As browsers have it (RFC 6761, section 6.3), whatever the system says.
            if is_local(host) {
                return Ok(vec![IpAddr::from([127, 0, 0, 1])]);
            }
            let found = lookup_host((host, 0)).await.map_err(|error| fault(&error))?;
            let mut addresses: Vec<IpAddr> = found.map(|it| it.ip()).collect();
            addresses.sort_unstable();
            addresses.dedup();
            Ok(addresses)
        })
    }
}

/// Whether a name is this machine's by definition.
pub(crate) fn is_local(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// The system's resolver tells only in words whether there is no such name, or nobody who knows.
fn fault(error: &io::Error) -> NameFault {
    const MISSING: [&str; 4] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "nodename nor servname provided",
    ];
    let said = error.to_string();
    match MISSING.iter().any(|words| said.contains(words)) {
        true => NameFault::Missing,
        false => NameFault::Unknown(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_server_that_says_so_makes_a_name_missing() {
        let said = |words: &str| {
            fault(&io::Error::other(format!("failed to lookup address information: {words}")))
        };
        assert_eq!(said("Name or service not known"), NameFault::Missing);
        for words in ["Temporary failure in name resolution", "Try again", "anything else"] {
            assert!(matches!(said(words), NameFault::Unknown(_)), "{words}");
        }
    }

    #[tokio::test]
    async fn names_of_this_machine_need_no_server() {
        let found = SystemNames.addresses("app.gate.localhost").await;
        assert_eq!(found, Ok(vec![IpAddr::from([127, 0, 0, 1])]));
    }
}
