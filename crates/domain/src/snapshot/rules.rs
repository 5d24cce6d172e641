//! What each grant says of which connections.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use super::{place::Place, sites::Site, view::Rule};
use crate::{Company, ConnectionId, Grant, GrantId, Target, TenantId};

/// The rule that each grant is, by its id. A grant to a tenant without connections is none.
#[derive(Debug)]
pub(super) struct Rules(HashMap<GrantId, Rule>);

impl Rules {
    pub(super) fn new(company: &Company, sites: &[Site]) -> Self {
        let mut tenants: HashMap<&TenantId, Place> = HashMap::new();
        let mut connections: HashMap<ConnectionId, Place> = HashMap::with_capacity(sites.len());
        for site in sites {
            connections.insert(site.connection.id, site.place);
            if let (Some(tenant), Some(place)) = (&site.connection.path.tenant, site.tenant_place) {
                tenants.insert(tenant, place);
            }
        }
        let rule = |grant: &Arc<Grant>| {
            let place = match &grant.target {
                Target::Tenant(tenant) => *tenants.get(tenant)?,
                Target::Connection(connection) => *connections.get(connection)?,
            };
            let tools = grant.tools.as_ref().map(|tools| Arc::new(tools.compile()));
            Some((
                grant.id,
                Rule { place, effect: grant.effect, grant: grant.id, supposed: false, tools },
            ))
        };
        Self(company.grants.values().filter_map(rule).collect())
    }

    /// The rule of a grant, unless what it means has no connections.
    pub(super) fn of(&self, grant: GrantId) -> Option<&Rule> {
        self.0.get(&grant)
    }
}
