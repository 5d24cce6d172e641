//! What providers have not said of their users yet, and what is denied as long as they have not.

use foldhash::{HashMap, HashMapExt};

use super::subjects::Subjects;
use crate::{
    ClaimSaid, Company, Effect, GrantId, ProviderId, Timestamp, UserId, record::is_open_webui,
};

/// A mapping's age, and a grant that denies something to its group.
type DenialSince = (Timestamp, GrantId);

/// A claim that puts people in groups, and how old its youngest mapping is.
type MappedClaim = (ClaimSaid, Timestamp);

/// A claim that was not said of somebody, or not since it means more, and up to when its mappings
/// were held against what was said, if it was.
pub(super) type Unsaid<'c> = (&'c ClaimSaid, Option<Timestamp>);

/// The claims that put people in groups, and what is denied to these groups.
#[derive(Debug)]
pub(super) struct Claims {
    /// Those that the providers of an issuer can say.
    by_issuer: HashMap<String, Vec<MappedClaim>>,
    all: Vec<MappedClaim>,
    /// Of the youngest mappings first.
    denials: HashMap<ClaimSaid, Vec<DenialSince>>,
}

impl Claims {
    pub(super) fn new(company: &Company, subjects: &Subjects) -> Self {
        let mut youngest: HashMap<ClaimSaid, Timestamp> = HashMap::new();
        let mut denials: HashMap<ClaimSaid, Vec<DenialSince>> = HashMap::new();
        let denies =
            |id: GrantId| company.grants.get(&id).is_some_and(|grant| grant.effect == Effect::Deny);
        for mapping in company.claim_mappings.values() {
            let claim =
                ClaimSaid { provider: mapping.provider.clone(), claim: mapping.claim.clone() };
            let at = mapping.created_at;
            let since = youngest.entry(claim.clone()).or_insert(at);
            *since = at.max(*since);
            let of_group = subjects.of_group(mapping.group).iter().copied();
            let denying = of_group.filter(|id| denies(*id)).map(|grant| (at, grant));
            denials.entry(claim).or_default().extend(denying);
        }
        for since in denials.values_mut() {
            since.sort_unstable_by(|a, b| b.cmp(a));
            since.dedup();
        }
        let issuer =
            |id: &ProviderId| company.providers.get(id).map(|it| it.identity_issuer().to_owned());
        let mut by_issuer: HashMap<String, Vec<MappedClaim>> = HashMap::new();
        let providers = company.providers.values();
        by_issuer.extend(providers.map(|it| (it.identity_issuer().to_owned(), Vec::new())));
        let all: Vec<MappedClaim> = youngest.into_iter().collect();
        for claim in &all {
            if let Some(issuer) = issuer(&claim.0.provider) {
                by_issuer.entry(issuer).or_default().push(claim.clone());
            }
        }
        Self { by_issuer, all, denials }
    }

    /// What was not said of a user at any of their accounts.
    pub(super) fn unsaid(&self, company: &Company, user: UserId) -> Vec<Unsaid<'_>> {
        let mut unsaid = Vec::new();
        for identity in company.identities_of(user) {
            // An account at nobody's may be one at any: a provider can have another issuer now.
            let claims = match self.by_issuer.get(identity.issuer.as_str()) {
                Some(claims) => claims,
                None if is_open_webui(&identity.issuer) => continue,
                None => &self.all,
            };
            for (claim, at) in claims {
                let said = identity.said_at(&claim.provider, &claim.claim);
                if said < Some(*at) {
                    unsaid.push((claim, said));
                }
            }
        }
        unsaid
    }

    /// The grants that deny something to somebody as long as it is not known who they are, besides
    /// those that bear on them anyway.
    pub(super) fn denials(&self, unsaid: &[Unsaid<'_>], grants: &[GrantId]) -> Vec<GrantId> {
        let all = unsaid.iter().flat_map(|(claim, said)| {
            let denials = self.denials.get(*claim).into_iter().flatten();
            denials.take_while(|(at, _)| *said < Some(*at)).map(|(_, grant)| *grant)
        });
        let mut supposed: Vec<GrantId> =
            all.filter(|id| grants.binary_search(id).is_err()).collect();
        supposed.sort_unstable();
        supposed.dedup();
        supposed
    }
}
