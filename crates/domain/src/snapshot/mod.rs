//! All records at one revision, indexed for the path of a request. Immutable; the next one is made
//! of it and costs what changed.

mod basis;
mod claims;
mod hosts;
mod people;
pub(crate) mod place;
mod rules;
mod sites;
mod subjects;
mod touched;
pub(crate) mod view;
mod view_key;

use std::sync::Arc;

use uuid::Uuid;

use self::{
    basis::Basis, hosts::HostRules, people::People, place::Place, sites::Sites, touched::Touched,
};
use crate::{
    Admit, Change, ClaimSaid, Company, ConnectionId, Endpoint, GroupId, HostRule, Refusal, UserId,
    View,
};

pub use sites::{Off, Site};

/// The company at one revision, indexed.
#[derive(Debug)]
pub struct Snapshot {
    revision: u64,
    last_event: Option<Uuid>,
    company: Company,
    sites: Arc<Sites>,
    hosts: Arc<HostRules>,
    basis: Arc<Basis>,
    people: People,
}

impl Snapshot {
    /// Indexes a company. The work grows with the number of users and grants.
    pub fn new(revision: u64, company: Company) -> Self {
        let sites = Arc::new(Sites::new(&company));
        let hosts = Arc::new(HostRules::new(&company));
        let closed = company.closed();
        let basis = Arc::new(Basis::new(&closed, sites.all()));
        let people = People::new(&closed, &basis);
        Self { revision, last_event: None, company, sites, hosts, basis, people }
    }

    /// Indexes what changes made of this company. The work grows with what they touch.
    #[must_use]
    pub fn next(&self, revision: u64, company: Company, changes: &[Change]) -> Self {
        let touched = Touched::by(changes, &self.company);
        // What a row that cannot be read may have closed depends on everything.
        let unread = [&self.company, &company].iter().any(|it| !it.set_aside().rows().is_empty());
        if touched.sites || unread {
            return Self::new(revision, company);
        }
        let hosts = match touched.hosts {
            true => Arc::new(HostRules::new(&company)),
            false => Arc::clone(&self.hosts),
        };
        let basis = match touched.basis {
            true => Arc::new(Basis::new(&company, self.sites.all())),
            false => Arc::clone(&self.basis),
        };
        let people = self.people.next(&company, &basis, &touched);
        let sites = Arc::clone(&self.sites);
        Self { revision, last_event: None, company, sites, hosts, basis, people }
    }

    /// This company as it is after changes.
    ///
    /// # Errors
    /// The rule that one of them breaks.
    pub fn after(&self, revision: u64, changes: &[Change]) -> Result<Self, Refusal> {
        let mut company = self.company.clone();
        changes.iter().try_for_each(|change| company.apply(change))?;
        Ok(self.next(revision, company, changes))
    }

    /// Whether connections and their credentials are the same as in the other, as far as that is
    /// seen at a glance.
    pub fn connects_as(&self, other: &Self) -> bool {
        self.continues(other) && self.company.credentials.ptr_eq(&other.company.credentials)
    }

    /// Whether views and connections of the two are comparable: equal ids of views are equal views
    /// then, and every connection is what it is in the other.
    pub fn continues(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.sites, &other.sites)
    }

    /// The number of the revision.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The same, ended by this event of the audit. It tells the revision from another one of the same
    /// number, such as a restored database gives.
    #[must_use]
    pub const fn ended_by(mut self, event: Option<Uuid>) -> Self {
        self.last_event = event;
        self
    }

    /// The event that ended the revision, as far as that is known.
    pub const fn last_event(&self) -> Option<Uuid> {
        self.last_event
    }

    /// The records.
    pub const fn company(&self) -> &Company {
        &self.company
    }

    /// The view of an enabled user.
    pub fn view(&self, user: UserId) -> Option<&View> {
        self.people.get(user)?.view()
    }

    /// The groups of a user, whoever said so.
    pub fn groups(&self, user: UserId) -> &[GroupId] {
        self.people.get(user).map_or(&[], |person| &person.groups)
    }

    /// The rules for a host, whose name is in lower case: those of the most exact pattern first.
    pub fn host_rules<'s>(&'s self, host: &'s str) -> impl Iterator<Item = &'s [Arc<HostRule>]> {
        self.hosts.of(host)
    }

    /// The claims that put people in groups and that no provider at which a user has an account has
    /// said of them yet. Until then, what is denied to a group that these can put the user in is
    /// denied to the user.
    pub fn claims_unsaid(&self, user: UserId) -> &[ClaimSaid] {
        self.people.get(user).map_or(&[], |person| &person.unsaid)
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
        self.sites.all().iter()
    }

    /// The connections that belong to an endpoint, without looking at any other.
    pub fn sites_at(&self, endpoint: &Endpoint) -> &[Site] {
        self.sites.at(endpoint)
    }

    /// The connections that a place stands for.
    pub(crate) fn sites_in(&self, place: Place) -> &[Site] {
        self.sites.in_place(place)
    }

    /// The connections of public servers.
    pub(crate) fn public_sites(&self) -> impl Iterator<Item = &Site> {
        self.sites.public()
    }

    /// One connection.
    pub fn site(&self, id: ConnectionId) -> Option<&Site> {
        self.sites.get(id)
    }

    /// How many different views the users have.
    pub fn view_count(&self) -> usize {
        self.people.view_count()
    }
}
