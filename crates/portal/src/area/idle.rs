//! Grants that open and close nothing: what they mean is disabled, or offers no tool that fits.

use std::collections::{HashMap, HashSet};

use gatehall_domain::{ConnectionId, Endpoint, Grant, Snapshot, Target, ToolPattern};

use crate::hall::{Condition, Hall};

/// Why a grant is idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idle {
    /// What it is for is disabled.
    Disabled,
    /// No tool there has a name that fits.
    NoTool,
}

impl Idle {
    /// Why, in words.
    pub(super) const fn because(self) -> &'static str {
        match self {
            Self::Disabled => "its target is disabled",
            Self::NoTool => "no tool there matches it",
        }
    }
}

/// The grants that are wanted and idle. A pattern is judged only where every connection that it is
/// for has answered, since its tool may be offered by the one that has not.
pub(super) fn idle_grants<'s>(
    snapshot: &'s Snapshot,
    conditions: &[Condition],
    hall: &dyn Hall,
    wanted: impl Fn(&Grant) -> bool,
) -> Vec<(&'s Grant, Idle)> {
    let all = || snapshot.company().grants.values().map(AsRef::as_ref);
    let grants = || all().filter(|grant| wanted(grant));
    // Many grants share a target and a pattern; each pair is looked at once.
    let mut patterns: HashMap<&Target, HashSet<&ToolPattern>> = HashMap::new();
    for grant in grants() {
        if let Some(pattern) = &grant.tools {
            patterns.entry(&grant.target).or_default().insert(pattern);
        }
    }
    let offers = Offers::new(conditions, hall);
    for (target, patterns) in &mut patterns {
        match offers.of(snapshot, target) {
            Some(offered) => patterns.retain(|pattern| !is_met(pattern, &offered)),
            None => patterns.clear(),
        }
    }
    let judge = |grant: &'s Grant| {
        if !is_enabled(snapshot, &grant.target) {
            return Some((grant, Idle::Disabled));
        }
        let unmet = patterns.get(&grant.target)?.contains(grant.tools.as_ref()?);
        unmet.then_some((grant, Idle::NoTool))
    };
    grants().filter_map(judge).collect()
}

fn is_enabled(snapshot: &Snapshot, target: &Target) -> bool {
    match target {
        Target::Tenant(id) => snapshot.company().tenants.get(id).is_some_and(|it| it.enabled),
        Target::Connection(id) => snapshot.site(*id).is_some_and(|site| site.off.is_none()),
    }
}

/// Whether some tool has a name that fits.
fn is_met(pattern: &ToolPattern, offered: &[&HashSet<String>]) -> bool {
    if let Some(name) = pattern.name() {
        return offered.iter().any(|names| names.contains(&name));
    }
    let pattern = pattern.compile();
    offered.iter().any(|names| names.iter().any(|name| pattern.matches(name)))
}

/// The names of the tools of each connection that is up, each connection asked once.
struct Offers {
    names: HashMap<ConnectionId, HashSet<String>>,
}

impl Offers {
    fn new(conditions: &[Condition], hall: &dyn Hall) -> Self {
        let up = conditions.iter().filter(|it| it.state == "up");
        let names = |connection| {
            let mut names = HashSet::new();
            hall.tools_of(connection, &mut |tool| {
                names.insert(tool.name.to_owned());
            });
            names
        };
        Self { names: up.map(|it| (it.connection, names(it.connection))).collect() }
    }

    /// What all connections of a target offer; none if one has not answered, or there is none.
    fn of(&self, snapshot: &Snapshot, target: &Target) -> Option<Vec<&HashSet<String>>> {
        let sites: Vec<_> = match target {
            Target::Tenant(id) => snapshot.sites_at(&Endpoint::Tenant(id.clone())).iter().collect(),
            Target::Connection(id) => snapshot.site(*id).into_iter().collect(),
        };
        let open = sites.into_iter().filter(|site| site.off.is_none());
        let offered: Vec<_> =
            open.map(|site| self.names.get(&site.connection.id)).collect::<Option<_>>()?;
        (!offered.is_empty()).then_some(offered)
    }
}
