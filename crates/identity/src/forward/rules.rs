//! Which rules a request has to satisfy.

use std::{ptr, sync::Arc};

use gatehall_domain::{HostRule, Snapshot};

use super::reading::{Reading, begins};

/// The rules for a host and path: for each path that a program may take it for, the rules of that
/// path. Where a path that is read has none, nobody enters. A path that may be taken for any other
/// meets all rules, and one of them has to be for all.
pub(super) fn needed<'s>(snapshot: &'s Snapshot, host: &'s str, path: &str) -> Vec<&'s HostRule> {
    // A rule that cannot be read may be the one that counts.
    if snapshot.company().set_aside().closes_host(host) {
        return Vec::new();
    }
    let Some(readings) = Reading::all(path) else {
        let (met, whole) = of_any(snapshot, host);
        return if whole { met } else { Vec::new() };
    };
    let mut needed: Vec<&HostRule> = Vec::new();
    for reading in readings {
        let (met, found) = of_one(snapshot, host, &reading);
        if !found && !reading.hardly {
            return Vec::new();
        }
        for rule in met {
            // What is hardly meant counts where a rule names it.
            let counts = !reading.hardly || rule.path.as_str() != "/";
            if counts && !needed.iter().any(|it| ptr::eq(*it, rule)) {
                needed.push(rule);
            }
        }
    }
    needed
}

/// The rules for one reading, and whether there is one for it as it is written: of the most exact
/// host the longest. Beside that one, every rule that a program may take it for, unless the first
/// was written as an exception to it: `/app/public` to `/app`.
fn of_one<'s>(
    snapshot: &'s Snapshot,
    host: &'s str,
    reading: &Reading,
) -> (Vec<&'s HostRule>, bool) {
    let mut met = Vec::new();
    for rules in snapshot.host_rules(host) {
        let rules = rules.iter().map(Arc::as_ref);
        let written = rules.clone().filter(|rule| rule.path.matches(&reading.written));
        let first = written.max_by_key(|rule| rule.path.as_str().len());
        met.extend(rules.filter(|rule| match first {
            Some(first) if first.path == rule.path => true,
            first => {
                let meets = reading.meets(rule.path.as_str());
                meets && !first.is_some_and(|first| is_exception(first, rule))
            }
        }));
        if first.is_some() {
            return (met, true);
        }
    }
    (met, false)
}

/// All rules of a host, as far as the first that is for all paths, and whether there is one.
fn of_any<'s>(snapshot: &'s Snapshot, host: &'s str) -> (Vec<&'s HostRule>, bool) {
    let mut met = Vec::new();
    for rules in snapshot.host_rules(host) {
        met.extend(rules.iter().map(Arc::as_ref));
        if rules.iter().any(|rule| rule.path.as_str() == "/") {
            return (met, true);
        }
    }
    (met, false)
}

/// Whether a rule begins as another does, letter for letter, and goes on.
fn is_exception(rule: &HostRule, to: &HostRule) -> bool {
    let (rule, to) = (rule.path.as_str(), to.path.as_str().trim_end_matches('/'));
    rule.trim_end_matches('/') != to && rule.starts_with(to) && begins(rule, to)
}

#[cfg(test)]
mod tests;
