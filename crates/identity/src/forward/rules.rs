//! Which rules a request has to satisfy.

use std::sync::Arc;

use gatehall_domain::{HostRule, Snapshot};

use super::reading::{Reading, begins};

/// The rules for a host and path. First of all the one for the path as it is written, of the most
/// exact host and the longest; without one, nobody enters. Beside it every rule for what a program
/// may take the path for, unless the first was written as an exception to it: `/app/public` to
/// `/app`. A path that may be taken for any other meets all rules.
pub(super) fn needed<'s>(snapshot: &'s Snapshot, host: &'s str, path: &str) -> Vec<&'s HostRule> {
    // A rule that cannot be read may be the one that counts.
    if snapshot.company().set_aside().closes_host(host) {
        return Vec::new();
    }
    let reading = Reading::of(path);
    // What may be taken for any path may be taken for one that only a rule for all is for.
    let written = |rule: &&HostRule| match &reading {
        Some(_) => rule.path.matches(path),
        None => rule.path.as_str() == "/",
    };
    let mut met = Vec::new();
    for rules in snapshot.host_rules(host) {
        let rules = rules.iter().map(Arc::as_ref);
        let first = rules.clone().filter(written).max_by_key(|rule| rule.path.as_str().len());
        met.extend(rules.filter(|rule| match (&reading, first) {
            (None, _) => true,
            (Some(_), Some(first)) if first.path == rule.path => true,
            (Some(reading), first) => {
                let meets = reading.meets(rule.path.as_str());
                meets && !first.is_some_and(|first| is_exception(first, rule))
            }
        }));
        if first.is_some() {
            return met;
        }
    }
    Vec::new()
}

/// Whether a rule begins as another does, letter for letter, and goes on.
fn is_exception(rule: &HostRule, to: &HostRule) -> bool {
    let (rule, to) = (rule.path.as_str(), to.path.as_str().trim_end_matches('/'));
    rule.trim_end_matches('/') != to && rule.starts_with(to) && begins(rule, to)
}

#[cfg(test)]
mod tests;
