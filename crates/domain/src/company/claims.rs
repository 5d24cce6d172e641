//! What providers' claims mean here, and what is known of them.

use std::collections::BTreeMap;

use crate::{Change, ClaimMapping, ClaimSaid, Company, Identity, ProviderId, Record, Timestamp};

impl Company {
    /// The mappings of one provider.
    pub fn mappings_of(&self, provider: &ProviderId) -> impl Iterator<Item = &ClaimMapping> {
        self.claim_mappings.values().map(AsRef::as_ref).filter(move |it| it.provider == *provider)
    }

    /// The claims of a provider that mean something here, each with when its youngest mapping was
    /// made.
    pub fn claims_of(&self, provider: &ProviderId) -> BTreeMap<ClaimSaid, Timestamp> {
        let mut claims = BTreeMap::new();
        for mapping in self.mappings_of(provider) {
            let claim = ClaimSaid { provider: provider.clone(), claim: mapping.claim.clone() };
            let youngest = claims.entry(claim).or_insert(mapping.created_at);
            *youngest = mapping.created_at.max(*youngest);
        }
        claims
    }

    /// Whether all that a claim means here was held against what was said of an account.
    pub fn knows(&self, identity: &Identity, provider: &ProviderId, claim: &str) -> bool {
        let mappings = self.mappings_of(provider).filter(|it| it.claim == claim);
        let youngest = mappings.map(|it| it.created_at).max();
        identity.said_at(provider, claim).is_some_and(|at| Some(at) >= youngest)
    }

    /// Dates mappings that changes bring, so that each is younger than all that was said before it,
    /// whatever the clocks of several machines say, and whenever it was made first.
    pub fn date_mappings(&self, changes: &mut [Change], now: Timestamp) {
        let new = changes.iter_mut().filter_map(|change| match change {
            Change::Add(Record::ClaimMapping(new))
            | Change::Replace { after: Record::ClaimMapping(new), .. } => Some(new),
            _ => None,
        });
        let mut new = new.peekable();
        if new.peek().is_none() {
            return;
        }
        let said = self.identities.values().flat_map(|it| it.claims_said.values());
        let later = |at: &Timestamp| Timestamp::from_micros(at.micros().saturating_add(1));
        let date = said.max().map_or(now, later).max(now);
        new.for_each(|it| it.created_at = date);
    }
}
