//! Whom proxies let through.

use gatehall_domain::{
    Admit, Company, GroupName, HostPattern, HostRule, HostRuleId, PathPrefix, Refusal, Timestamp,
};
use uuid::Uuid;

use super::find_group;

/// The rule for a host and path as it should be: with the id of the one that is there, if any.
pub fn rule(
    company: &Company,
    host: &HostPattern,
    path: &PathPrefix,
    admit: Admit,
    now: Timestamp,
) -> HostRule {
    let rule = HostRule {
        id: HostRuleId(Uuid::now_v7()),
        host: host.clone(),
        path: path.clone(),
        admit,
        created_at: now,
    };
    match company.equal_host_rule(&rule) {
        Some(before) => HostRule { admit: rule.admit, ..before.clone() },
        None => rule,
    }
}

/// Members of these groups.
///
/// # Errors
/// If one of them does not exist.
pub fn groups(company: &Company, names: &[GroupName]) -> Result<Admit, Refusal> {
    let ids = names.iter().map(|name| Ok(find_group(company, name.as_str())?.id));
    let mut ids: Vec<_> = ids.collect::<Result<_, Refusal>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(Admit::Groups(ids))
}

/// The rule for exactly this host and path.
///
/// # Errors
/// If there is none.
pub fn find<'c>(
    company: &'c Company,
    host: &HostPattern,
    path: &PathPrefix,
) -> Result<&'c HostRule, Refusal> {
    let mut rules = company.host_rules.values().map(AsRef::as_ref);
    rules
        .find(|it: &&HostRule| it.host == *host && it.path == *path)
        .ok_or_else(|| Refusal::missing("host rule", format!("{host}{path}")))
}
