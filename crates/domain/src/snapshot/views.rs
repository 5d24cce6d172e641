//! From grants to views: who gets which rules. Users with equal grants share one view.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use wildmatch::WildMatch;

use super::{Person, Site};
use crate::{
    Because, Company, ConnectionId, Effect, Grant, GrantId, GroupId, GroupName, Subject, Target,
    TenantId, User, UserId, View,
    access::{Place, Rule},
    text::UserPatternKind,
};

/// The grants that bear on a user, and what makes them an administrator. Equal keys, equal views.
#[derive(PartialEq, Eq, Hash)]
struct ViewKey {
    admin: Option<Because>,
    grants: Vec<GrantId>,
}

pub(super) fn people(company: &Company, sites: &[Site]) -> (HashMap<UserId, Person>, usize) {
    let subjects = Subjects::new(company);
    let rules = Rules::new(company, sites);
    let admins =
        company.group_by_name(GroupName::ADMIN).filter(|group| group.enabled).map(|group| group.id);

    let mut groups: HashMap<UserId, Vec<GroupId>> = HashMap::with_capacity(company.users.len());
    for membership in company.memberships.values() {
        groups.entry(membership.user).or_default().push(membership.group);
    }
    let mut views: HashMap<ViewKey, Arc<View>> = HashMap::new();
    let mut people = HashMap::with_capacity(company.users.len());
    for user in company.users.values() {
        let mut own = groups.remove(&user.id).unwrap_or_default();
        own.sort_unstable();
        own.dedup();
        let view = user.enabled.then(|| {
            let admin = match admins {
                _ if user.admin => Some(Because::Admin),
                Some(group) if own.contains(&group) => Some(Because::AdminGroup(group)),
                _ => None,
            };
            let key = ViewKey { admin, grants: subjects.grants(user, &own) };
            let next = views.len() as u32;
            let view = views.entry(key).or_insert_with_key(|key| Arc::new(rules.view(next, key)));
            Arc::clone(view)
        });
        people.insert(user.id, Person { groups: own.into(), view });
    }
    (people, views.len())
}

/// Grants by whom they mean.
#[derive(Default)]
struct Subjects<'c> {
    group: HashMap<GroupId, Vec<GrantId>>,
    user: HashMap<UserId, Vec<GrantId>>,
    everybody: Vec<GrantId>,
    domain: HashMap<&'c str, Vec<GrantId>>,
    address: HashMap<&'c str, Vec<GrantId>>,
    wildcard: Vec<(WildMatch, GrantId)>,
}

impl<'c> Subjects<'c> {
    fn new(company: &'c Company) -> Self {
        let mut index = Self::default();
        for grant in company.grants.values() {
            let id = grant.id;
            match &grant.subject {
                // A disabled group gives nothing, but what it denies stays denied: to disable
                // something never opens anything.
                Subject::Group(group) => {
                    let enabled = company.groups.get(group).is_some_and(|group| group.enabled);
                    if enabled || grant.effect == Effect::Deny {
                        index.group.entry(*group).or_default().push(id);
                    }
                }
                Subject::User(user) => index.user.entry(*user).or_default().push(id),
                Subject::Pattern(pattern) => match pattern.kind() {
                    UserPatternKind::Everybody => index.everybody.push(id),
                    UserPatternKind::Domain(domain) => {
                        index.domain.entry(domain).or_default().push(id)
                    }
                    UserPatternKind::Address(address) => {
                        index.address.entry(address).or_default().push(id);
                    }
                    UserPatternKind::Wildcard(wildcard) => index.wildcard.push((wildcard, id)),
                },
            }
        }
        index
    }

    fn grants(&self, user: &User, groups: &[GroupId]) -> Vec<GrantId> {
        let mut found = self.everybody.clone();
        for group in groups {
            found.extend(self.group.get(group).into_iter().flatten());
        }
        found.extend(self.user.get(&user.id).into_iter().flatten());
        found.extend(self.domain.get(user.email.domain()).into_iter().flatten());
        found.extend(self.address.get(user.email.as_str()).into_iter().flatten());
        let email = user.email.as_str();
        found.extend(
            self.wildcard.iter().filter(|(pattern, _)| pattern.matches(email)).map(|(_, id)| id),
        );
        found.sort_unstable();
        found
    }
}

/// The rule that each grant is, by its id. A grant to a tenant without connections is none.
struct Rules(HashMap<GrantId, Rule>);

impl Rules {
    fn new(company: &Company, sites: &[Site]) -> Self {
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
            Some((grant.id, Rule { place, effect: grant.effect, grant: grant.id, tools }))
        };
        Self(company.grants.values().filter_map(rule).collect())
    }

    fn view(&self, id: u32, key: &ViewKey) -> View {
        let rules = key.grants.iter().filter_map(|grant| self.0.get(grant)).cloned().collect();
        View::new(id, key.admin, rules)
    }
}
