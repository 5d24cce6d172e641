//! What all connections offer now, with its public names.

mod aside;
mod definition;
mod greeting;
mod header_param;
mod keeper;
mod list;
mod offer;
mod report;
mod tool;

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use gatehall_domain::{ConnectionId, Endpoint};

pub(crate) use greeting::Greeting;
pub(crate) use header_param::HeaderParam;
pub(crate) use keeper::{Board, keep};
pub(crate) use list::ToolList;
pub(crate) use offer::Offer;
pub(crate) use tool::Tool;

/// All offers, and who owns which public name.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    offers: HashMap<ConnectionId, Arc<Offer>>,
    by_public_name: HashMap<Arc<str>, (ConnectionId, usize)>,
}

impl Catalogue {
    /// Indexes offers. Two connections of a tenant can come to one name if one of them names a
    /// tool like the other's id: then the one with the longer prefix has it, so that no server can
    /// take a name out of another's.
    pub(crate) fn new(offers: HashMap<ConnectionId, Arc<Offer>>) -> Self {
        let count = offers.values().map(|offer| offer.tools.len()).sum();
        let mut by_public_name: HashMap<Arc<str>, (ConnectionId, usize)> =
            HashMap::with_capacity(count);
        for offer in offers.values() {
            for (at, tool) in offer.tools.iter().enumerate() {
                let owner = by_public_name
                    .entry(Arc::clone(&tool.public))
                    .or_insert((offer.connection, at));
                let precedes = |other| offers.get(other).is_some_and(|it| offer.precedes(it));
                if owner.0 != offer.connection && precedes(&owner.0) {
                    *owner = (offer.connection, at);
                }
            }
        }
        Self { offers, by_public_name }
    }

    pub(crate) const fn offers(&self) -> &HashMap<ConnectionId, Arc<Offer>> {
        &self.offers
    }

    pub(crate) fn offer(&self, connection: ConnectionId) -> Option<&Arc<Offer>> {
        self.offers.get(&connection)
    }

    pub(crate) fn tool_count(&self) -> usize {
        self.offers.values().map(|offer| offer.tools.len()).sum()
    }

    /// Whether the public name means the tool of this connection.
    pub(crate) fn owns(&self, public: &str, connection: ConnectionId) -> bool {
        self.by_public_name.get(public).is_some_and(|(owner, _)| *owner == connection)
    }

    /// The tool that a name means at an endpoint. At the endpoint of one server tools have their
    /// own names; `connection` is that server's.
    pub(crate) fn find(
        &self,
        endpoint: &Endpoint,
        connection: Option<ConnectionId>,
        name: &str,
    ) -> Option<(&Offer, &Tool)> {
        if let Endpoint::Server(..) = endpoint {
            let offer = self.offer(connection?)?;
            return Some((offer, offer.tool(name)?));
        }
        let (connection, at) = self.by_public_name.get(name)?;
        let offer = self.offers.get(connection)?;
        Some((offer, offer.tools.get(*at)?))
    }
}
