//! Connections, each with the records it stands on.

use std::sync::Arc;

use foldhash::HashMap;

use super::place::Place;
use crate::{AccessClass, Company, Connection, ConnectionId, Endpoint, Server, Tenant};

/// All connections of a company.
#[derive(Debug)]
pub(super) struct Sites {
    /// In the order of their paths.
    all: Vec<Site>,
    by_id: HashMap<ConnectionId, usize>,
    /// Those of public servers.
    public: Vec<usize>,
}

/// A connection with the records it stands on.
#[derive(Debug)]
pub struct Site {
    /// The connection.
    pub connection: Arc<Connection>,
    /// Its server.
    pub server: Arc<Server>,
    /// Its tenant, unless it belongs to none.
    pub tenant: Option<Arc<Tenant>>,
    /// The beginning of its tools' public names.
    pub prefix: String,
    /// What keeps it closed, if something does.
    pub off: Option<Off>,
    /// Where rules for it are, and those for its tenant.
    pub(crate) place: Place,
    pub(crate) tenant_place: Option<Place>,
}

/// What keeps a connection closed to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// Its tenant is disabled.
    Tenant,
    /// Its server is disabled.
    Server,
    /// It is disabled itself.
    Connection,
}

impl Off {
    /// In words.
    pub const fn because(self) -> &'static str {
        match self {
            Self::Tenant => "the tenant is disabled",
            Self::Server => "the server is disabled",
            Self::Connection => "the connection is disabled",
        }
    }
}

impl Sites {
    pub(super) fn new(company: &Company) -> Self {
        let all = in_order(company);
        let by_id = all.iter().enumerate().map(|(at, site)| (site.connection.id, at)).collect();
        let public = all.iter().enumerate().filter(|(_, site)| site.is_public());
        let public = public.map(|(at, _)| at).collect();
        Self { all, by_id, public }
    }

    pub(super) fn all(&self) -> &[Site] {
        &self.all
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<&Site> {
        self.all.get(*self.by_id.get(&id)?)
    }

    pub(super) fn public(&self) -> impl Iterator<Item = &Site> {
        self.public.iter().map(|at| &self.all[*at])
    }

    /// Those that belong to an endpoint, without looking at any other.
    pub(super) fn at(&self, endpoint: &Endpoint) -> &[Site] {
        let tenant = match endpoint {
            Endpoint::All => return &self.all,
            Endpoint::Tenant(tenant) => Some(tenant),
            Endpoint::Server(tenant, _) => tenant.as_ref(),
        };
        let start = self.all.partition_point(|site| site.connection.path.tenant.as_ref() < tenant);
        let own = &self.all[start..];
        let end = own.partition_point(|site| site.connection.path.tenant.as_ref() == tenant);
        &own[..end]
    }

    /// Those that a place stands for.
    pub(super) fn in_place(&self, place: Place) -> &[Site] {
        match place {
            Place::Connection(at) => std::slice::from_ref(&self.all[at as usize]),
            Place::Tenant(first) => {
                let sites = &self.all[first as usize..];
                let end = sites.partition_point(|site| site.tenant_place == Some(place));
                &sites[..end]
            }
        }
    }
}

impl Site {
    /// Whether every enabled user has it.
    pub fn is_public(&self) -> bool {
        self.server.access == AccessClass::Public
    }
}

fn in_order(company: &Company) -> Vec<Site> {
    let mut sites: Vec<Site> = company
        .connections
        .values()
        .filter_map(|connection| {
            let server = company.servers.get(&connection.path.server)?;
            let tenant = match &connection.path.tenant {
                Some(id) => Some(company.tenants.get(id)?),
                None => None,
            };
            let off = match () {
                () if tenant.is_some_and(|tenant| !tenant.enabled) => Some(Off::Tenant),
                () if !server.enabled => Some(Off::Server),
                () if !connection.enabled => Some(Off::Connection),
                () => None,
            };
            Some(Site {
                connection: Arc::clone(connection),
                server: Arc::clone(server),
                tenant: tenant.cloned(),
                prefix: connection.path.prefix(),
                off,
                place: Place::Connection(0),
                tenant_place: None,
            })
        })
        .collect();
    sites.sort_by(|a, b| a.connection.path.cmp(&b.connection.path));
    let mut first = 0;
    for at in 0..sites.len() {
        let tenant = &sites[at].connection.path.tenant;
        if *tenant != sites[first].connection.path.tenant {
            first = at;
        }
        sites[at].tenant_place = tenant.is_some().then_some(Place::Tenant(first as u32));
        sites[at].place = Place::Connection(at as u32);
    }
    sites
}
