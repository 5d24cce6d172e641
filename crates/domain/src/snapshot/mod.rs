//! All records at one revision, indexed for the path of a request. Immutable.

mod hosts;
mod views;

use std::sync::Arc;

use foldhash::HashMap;

use crate::{
    AccessClass, Admit, ClaimSaid, Company, Connection, ConnectionId, Endpoint, GroupId, HostRule,
    Server, Tenant, UserId, View, access::Place,
};

/// The company at one revision, indexed.
#[derive(Debug)]
pub struct Snapshot {
    revision: u64,
    company: Company,
    people: HashMap<UserId, Person>,
    sites: Vec<Site>,
    site_by_id: HashMap<ConnectionId, usize>,
    /// Those of public servers.
    public: Vec<usize>,
    hosts: hosts::HostRules,
    views: usize,
}

#[derive(Debug)]
struct Person {
    groups: Box<[GroupId]>,
    /// None for a disabled user.
    view: Option<Arc<View>>,
    /// What providers have not said of the user yet.
    unsaid: Box<[ClaimSaid]>,
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

impl Snapshot {
    /// Indexes a company. The work grows with the number of users and grants; it is done once for
    /// each revision and never on the path of a request.
    pub fn new(revision: u64, company: Company) -> Self {
        let sites = sites(&company);
        let site_by_id =
            sites.iter().enumerate().map(|(at, site)| (site.connection.id, at)).collect();
        let public = sites.iter().enumerate().filter(|(_, site)| site.is_public());
        let public = public.map(|(at, _)| at).collect();
        let hosts = hosts::HostRules::new(&company);
        let (people, views) = views::people(&company.closed(), &sites);
        Self { revision, company, people, sites, site_by_id, public, hosts, views }
    }

    /// The number of the revision.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The records.
    pub const fn company(&self) -> &Company {
        &self.company
    }

    /// The view of an enabled user.
    pub fn view(&self, user: UserId) -> Option<&View> {
        self.people.get(&user)?.view.as_deref()
    }

    /// The groups of a user, whoever said so.
    pub fn groups(&self, user: UserId) -> &[GroupId] {
        self.people.get(&user).map_or(&[], |person| &person.groups)
    }

    /// The rules for a host, whose name is in lower case: those of the most exact pattern first.
    pub fn host_rules<'s>(&'s self, host: &'s str) -> impl Iterator<Item = &'s [Arc<HostRule>]> {
        self.hosts.of(host)
    }

    /// The claims that put people in groups and that no provider at which a user has an account has
    /// said of them yet. Until then, what is denied to a group that these can put the user in is
    /// denied to the user.
    pub fn claims_unsaid(&self, user: UserId) -> &[ClaimSaid] {
        self.people.get(&user).map_or(&[], |person| &person.unsaid)
    }

    /// Whether a host rule lets an enabled user enter. A disabled group lets nobody in.
    pub fn admits(&self, rule: &HostRule, user: UserId) -> bool {
        let Some(view) = self.view(user) else { return false };
        let (groups, company) = (self.groups(user), &self.company);
        let counts = |group: &GroupId| {
            groups.contains(group) && company.groups.get(group).is_some_and(|it| it.enabled)
        };
        match &rule.admit {
            Admit::Open | Admit::SignedIn => true,
            Admit::Groups(admitted) => view.admin.is_some() || admitted.iter().any(counts),
        }
    }

    /// All connections, in the order of their paths.
    pub fn sites(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter()
    }

    /// The connections that belong to an endpoint, without looking at any other.
    pub fn sites_at(&self, endpoint: &Endpoint) -> &[Site] {
        let tenant = match endpoint {
            Endpoint::All => return &self.sites,
            Endpoint::Tenant(tenant) => Some(tenant),
            Endpoint::Server(tenant, _) => tenant.as_ref(),
        };
        let start =
            self.sites.partition_point(|site| site.connection.path.tenant.as_ref() < tenant);
        let own = &self.sites[start..];
        let end = own.partition_point(|site| site.connection.path.tenant.as_ref() == tenant);
        &own[..end]
    }

    /// The connections that a place stands for.
    pub(crate) fn sites_in(&self, place: Place) -> &[Site] {
        match place {
            Place::Connection(at) => std::slice::from_ref(&self.sites[at as usize]),
            Place::Tenant(first) => {
                let sites = &self.sites[first as usize..];
                let end = sites.partition_point(|site| site.tenant_place == Some(place));
                &sites[..end]
            }
        }
    }

    /// The connections of public servers.
    pub(crate) fn public_sites(&self) -> impl Iterator<Item = &Site> {
        self.public.iter().map(|at| &self.sites[*at])
    }

    /// One connection.
    pub fn site(&self, id: ConnectionId) -> Option<&Site> {
        self.sites.get(*self.site_by_id.get(&id)?)
    }

    /// How many different views the users have.
    pub const fn view_count(&self) -> usize {
        self.views
    }
}

impl Site {
    /// Whether every enabled user has it.
    pub fn is_public(&self) -> bool {
        self.server.access == AccessClass::Public
    }
}

fn sites(company: &Company) -> Vec<Site> {
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
