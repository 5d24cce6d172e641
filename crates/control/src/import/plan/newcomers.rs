//! Patterns of addresses that mean nobody as yet: a plan says how people come in.

use std::collections::HashSet;

use gatehall_domain::{Company, UserPattern, quoted};

use super::{PlanRow, Planner, State};

impl Planner<'_> {
    /// Says of each pattern of the file that means nobody, and whose people no provider adds, what
    /// is left to do.
    pub(super) fn unmet_patterns(&mut self) {
        let mut told = HashSet::new();
        for (place, pattern) in std::mem::take(&mut self.patterns) {
            let Some(domain) = domain_of(&pattern) else { continue };
            if is_met(&self.company, &pattern, &domain) || !told.insert(pattern.to_string()) {
                continue;
            }
            let what = format!(
                "no user has such an email yet: people are added when they first come, from \
                 Open WebUI where gatehall serve has GATEHALL_OPEN_WEBUI_DOMAINS={domain} (or \
                 lists it as a domain in the file of GATEHALL_OPEN_WEBUIS), or at a \
                 sign-in with a provider that may vouch for {domain}; by hand: gatehall user add {}",
                quoted(&pattern.as_str().replace('*', "somebody"))
            );
            let (kind, name) = ("grant", format!("users {pattern}"));
            self.rows.push(PlanRow {
                place,
                kind,
                name,
                state: State::Todo { what },
                change: None,
            });
        }
    }
}

/// The one domain that a pattern is for. None for everybody, and for those that leave it open.
fn domain_of(pattern: &UserPattern) -> Option<String> {
    let (_, domain) = pattern.as_str().rsplit_once('@')?;
    (!domain.contains('*')).then(|| domain.to_owned())
}

/// Whether somebody is meant, or comes in without any doing.
fn is_met(company: &Company, pattern: &UserPattern, domain: &str) -> bool {
    let mut providers = company.providers.values().filter(|it| it.enabled && it.settings.add_users);
    company.users.values().any(|user| pattern.matches(&user.email))
        || providers.any(|it| it.settings.domains.iter().any(|own| own == domain))
}
