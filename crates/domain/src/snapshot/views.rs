//! From grants to views: who gets which rules. Users with equal grants share one view.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use wildmatch::WildMatch;

use super::{Person, Site};
use crate::{
    Because, ClaimSaid, Company, ConnectionId, Effect, Grant, GrantId, GroupId, GroupName,
    ProviderId, Subject, Target, TenantId, Timestamp, User, UserId, View,
    access::{Place, Rule},
    record::is_open_webui,
    text::UserPatternKind,
};

/// The grants that bear on a user, and what makes them an administrator. Equal keys, equal views.
#[derive(PartialEq, Eq, Hash)]
struct ViewKey {
    admin: Option<Because>,
    grants: Vec<GrantId>,
    /// Those that deny something to groups that the user may be in.
    supposed: Vec<GrantId>,
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
    let unknown = Unknown::new(company, &subjects);
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
            let grants = subjects.grants(user, &own);
            let supposed = unknown.denials(user.id, &grants);
            let key = ViewKey { admin, grants, supposed };
            let next = views.len() as u32;
            let view = views.entry(key).or_insert_with_key(|key| Arc::new(rules.view(next, key)));
            Arc::clone(view)
        });
        let unsaid = unknown.claims(user.id);
        people.insert(user.id, Person { groups: own.into(), view, unsaid });
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

/// A claim of a provider.
type ClaimOf<'c> = (&'c ProviderId, &'c str);

/// A mapping's age, and a grant that denies something to its group.
type DenialSince = (Timestamp, GrantId);

/// Users of whom some provider has not said yet what puts people in groups, or not since it means
/// more, and what is denied to groups that it can put them in.
struct Unknown<'c> {
    /// The claims, and up to when their mappings were held against what was said, if it was.
    unsaid: HashMap<UserId, Vec<(ClaimOf<'c>, Option<Timestamp>)>>,
    /// Of the youngest mappings first.
    denials: HashMap<ClaimOf<'c>, Vec<DenialSince>>,
}

impl<'c> Unknown<'c> {
    fn new(company: &'c Company, subjects: &Subjects<'_>) -> Self {
        let mut youngest: HashMap<ClaimOf<'_>, Timestamp> = HashMap::new();
        let mut denials: HashMap<ClaimOf<'_>, Vec<DenialSince>> = HashMap::new();
        let denying = |id: &&GrantId| {
            company.grants.get(id).is_some_and(|grant| grant.effect == Effect::Deny)
        };
        for mapping in company.claim_mappings.values() {
            let claim = (&mapping.provider, mapping.claim.as_str());
            let at = mapping.created_at;
            let since = youngest.entry(claim).or_insert(at);
            *since = at.max(*since);
            let of_group = subjects.group.get(&mapping.group).into_iter().flatten();
            let of_group = of_group.filter(denying).map(|grant| (at, *grant));
            denials.entry(claim).or_default().extend(of_group);
        }
        for since in denials.values_mut() {
            since.sort_unstable_by(|a, b| b.cmp(a));
            since.dedup();
        }
        let mut issuers: HashMap<&str, Vec<(ClaimOf<'_>, Timestamp)>> = HashMap::new();
        let providers = company.providers.values();
        issuers.extend(providers.map(|provider| (provider.identity_issuer(), Vec::new())));
        let everything: Vec<(ClaimOf<'_>, Timestamp)> = youngest.into_iter().collect();
        for (claim, at) in &everything {
            if let Some(provider) = company.providers.get(claim.0) {
                issuers.entry(provider.identity_issuer()).or_default().push((*claim, *at));
            }
        }
        let mut unsaid: HashMap<UserId, Vec<_>> = HashMap::new();
        for identity in company.identities.values() {
            // An account at nobody's may be one at any: a provider can have another issuer now.
            let claims = match issuers.get(identity.issuer.as_str()) {
                Some(claims) => claims,
                None if is_open_webui(&identity.issuer) => continue,
                None => &everything,
            };
            for (claim, at) in claims {
                let said = identity.said_at(claim.0, claim.1);
                if said < Some(*at) {
                    unsaid.entry(identity.user).or_default().push((*claim, said));
                }
            }
        }
        Self { unsaid, denials }
    }

    /// The grants that deny something to a user as long as it is not known who they are, besides
    /// those that bear on them anyway.
    fn denials(&self, user: UserId, grants: &[GrantId]) -> Vec<GrantId> {
        let claims = self.unsaid.get(&user).into_iter().flatten();
        let all = claims.flat_map(|(claim, said)| {
            let denials = self.denials.get(claim).into_iter().flatten();
            denials.take_while(|(at, _)| *said < Some(*at)).map(|(_, grant)| *grant)
        });
        let mut supposed: Vec<GrantId> =
            all.filter(|id| grants.binary_search(id).is_err()).collect();
        supposed.sort_unstable();
        supposed.dedup();
        supposed
    }

    fn claims(&self, user: UserId) -> Box<[ClaimSaid]> {
        let claims = self.unsaid.get(&user).into_iter().flatten();
        let mut claims: Vec<ClaimSaid> = claims
            .map(|((provider, claim), _)| ClaimSaid {
                provider: ProviderId::clone(provider),
                claim: (*claim).to_owned(),
            })
            .collect();
        claims.sort_unstable();
        claims.dedup();
        claims.into()
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
            Some((
                grant.id,
                Rule { place, effect: grant.effect, grant: grant.id, supposed: false, tools },
            ))
        };
        Self(company.grants.values().filter_map(rule).collect())
    }

    fn view(&self, id: u32, key: &ViewKey) -> View {
        let find = |grant: &GrantId| self.0.get(grant).cloned();
        let supposed = key.supposed.iter().filter_map(find);
        let supposed = supposed.map(|rule| Rule { supposed: true, ..rule });
        let rules = key.grants.iter().filter_map(find).chain(supposed).collect();
        View::new(id, key.admin, rules)
    }
}
