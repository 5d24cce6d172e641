//! Which rules a request has to satisfy.

use gatehall_domain::{Company, HostRule};

use crate::login::plain;

/// The rules for a host and path: the one of the most exact host and the longest path. A path that
/// programs read differently has to satisfy every rule of the host, so that nobody slips past one
/// by writing it otherwise.
pub(super) fn needed<'c>(company: &'c Company, host: &str, path: &str) -> Vec<&'c HostRule> {
    // A rule that cannot be read may be the one that counts.
    if company.set_aside().closes_host(host) {
        return Vec::new();
    }
    let rules = company.host_rules.values().map(AsRef::as_ref);
    let mut fit: Vec<&HostRule> = rules.filter(|rule| rule.host.matches(host)).collect();
    if !plain(path) {
        return fit;
    }
    fit.retain(|rule| rule.path.matches(path));
    let best = fit.into_iter().max_by_key(|rule| {
        let pattern = rule.host.as_str();
        (!pattern.starts_with('*'), pattern.len(), rule.path.as_str().len())
    });
    best.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use gatehall_domain::{Admit, HostRuleId, Remains, Timestamp, UnreadRow};

    use super::*;

    #[test]
    fn the_most_exact_rule_counts_and_odd_paths_need_all() {
        let mut company = Company::default();
        let mut number = 0;
        let mut add = |host: &str, path: &str, admit: Admit| {
            number += 1;
            let rule = HostRule {
                id: HostRuleId(uuid::Uuid::from_u128(number)),
                host: host.parse().unwrap(),
                path: path.parse().unwrap(),
                admit,
                created_at: Timestamp::from_micros(0),
            };
            company.put(rule.into());
        };
        add("app.example.com", "/", Admit::SignedIn);
        add("app.example.com", "/public/", Admit::Open);
        add("app.example.com", "/admin", Admit::Groups(vec![]));
        add("*.example.com", "/public/deep/", Admit::SignedIn);
        let open = |host: &str, path: &str| {
            let rules = needed(&company, host, path);
            (rules.len(), !rules.is_empty() && rules.iter().all(|rule| rule.is_open()))
        };
        assert_eq!(open("app.example.com", "/"), (1, false));
        assert_eq!(open("app.example.com", "/public/x"), (1, true));
        assert_eq!(open("app.example.com", "/public/deep/x"), (1, true), "the exact host counts");
        assert_eq!(open("other.example.com", "/public/deep/x"), (1, false));
        assert_eq!(open("other.example.com", "/"), (0, false), "no rule, no entry");
        assert_eq!(open("evil.example", "/public/x"), (0, false));
        for odd in [
            "/public/../admin",
            "/public/%2e%2e/admin",
            "/public//admin",
            "/public/..;/x",
            "/%61dmin",
        ] {
            assert_eq!(open("app.example.com", odd), (4, false), "{odd}");
        }
    }

    #[test]
    fn a_rule_that_cannot_be_read_closes_its_host() {
        let company = |host: Option<&str>| {
            let mut company = Company::default();
            for (number, host) in [(1, "app.example.com"), (2, "other.example.com")] {
                let rule = HostRule {
                    id: HostRuleId(uuid::Uuid::from_u128(number)),
                    host: host.parse().unwrap(),
                    path: "/".parse().unwrap(),
                    admit: Admit::Open,
                    created_at: Timestamp::from_micros(0),
                };
                company.put(rule.into());
            }
            let host = host.map(|host| host.parse().unwrap());
            company.without(vec![UnreadRow {
                table: "host_rules",
                key: "k".into(),
                problem: "p".into(),
                remains: Remains::HostRule { host, path: None },
            }])
        };
        let open = |company: &Company, host: &str| needed(company, host, "/x").len();
        let one = company(Some("app.example.com"));
        assert_eq!((open(&one, "app.example.com"), open(&one, "other.example.com")), (0, 1));
        let below = company(Some("*.example.com"));
        assert_eq!((open(&below, "app.example.com"), open(&below, "other.example.com")), (0, 0));
        let any = company(None);
        assert_eq!((open(&any, "app.example.com"), open(&any, "other.example.com")), (0, 0));
    }
}
