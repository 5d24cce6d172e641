//! The host rules by host, so that a check looks at those of its own host alone.

use std::sync::Arc;

use foldhash::HashMap;

use crate::{Company, HostRule};

/// Host rules, found by a host's name.
#[derive(Debug, Default)]
pub(super) struct HostRules {
    exact: HashMap<String, Vec<Arc<HostRule>>>,
    /// By what names end with: `.example.com`, or nothing.
    below: HashMap<String, Vec<Arc<HostRule>>>,
}

impl HostRules {
    pub(super) fn new(company: &Company) -> Self {
        let mut all = Self::default();
        for rule in company.host_rules.values() {
            let (table, key) = match rule.host.as_str().strip_prefix('*') {
                Some(end) => (&mut all.below, end),
                None => (&mut all.exact, rule.host.as_str()),
            };
            table.entry(key.to_owned()).or_default().push(Arc::clone(rule));
        }
        all
    }

    pub(super) fn of<'s>(&'s self, host: &'s str) -> impl Iterator<Item = &'s [Arc<HostRule>]> {
        let dots = host.char_indices().filter(|(at, letter)| *at > 0 && *letter == '.');
        let ends = dots.map(|(at, _)| &host[at..]).chain([""]);
        let below = ends.filter_map(|end| self.below.get(end));
        self.exact.get(host).into_iter().chain(below).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{Admit, HostRuleId, Timestamp};

    #[test]
    fn rules_are_found_as_their_patterns_match() {
        let patterns = ["app.example.com", "*.example.com", "*.com", "*", "example.com"];
        let mut company = Company::default();
        for (number, host) in patterns.iter().enumerate() {
            company.put(
                HostRule {
                    id: HostRuleId(Uuid::from_u128(number as u128)),
                    host: host.parse().unwrap(),
                    path: "/".parse().unwrap(),
                    admit: Admit::SignedIn,
                    created_at: Timestamp::from_micros(0),
                }
                .into(),
            );
        }
        let rules = HostRules::new(&company);
        for host in ["app.example.com", "example.com", "x.app.example.com", "com", "evil", ""] {
            let found: Vec<&str> = rules.of(host).flatten().map(|it| it.host.as_str()).collect();
            let mut expected: Vec<&str> = company
                .host_rules
                .values()
                .filter(|it| it.host.matches(host))
                .map(|it| it.host.as_str())
                .collect();
            expected.sort_by_key(|it| (it.starts_with('*'), std::cmp::Reverse(it.len())));
            assert_eq!(found, expected, "{host}");
        }
    }
}
