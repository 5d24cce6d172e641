//! What must hold for every company, every caller and every tool.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod doors;
mod examples;
mod next;
mod set_aside;
mod sketch;

use std::{collections::BTreeMap, sync::Arc};

use gatehall_domain::*;
use proptest::prelude::*;
use sketch::*;

/// Every allowed (user, connection, tool) with its reason.
pub(crate) fn allowed(snapshot: &Snapshot) -> BTreeMap<(usize, usize, &'static str), Because> {
    let mut found = BTreeMap::new();
    for user in 0..USERS {
        for connection in 0..12 {
            for tool in TOOLS {
                let answer = decide(
                    snapshot,
                    &caller(user),
                    &Endpoint::All,
                    at(1),
                    connection_id(connection),
                    tool,
                );
                if let Decision::Allowed(because) = answer {
                    found.insert((user, connection, tool), because);
                }
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_listed_can_be_called_and_nothing_else(sketch in sketch()) {
        let snapshot = sketch.snapshot();
        let endpoints = [
            Endpoint::All,
            Endpoint::Tenant("google".parse().unwrap()),
            Endpoint::Server(Some("google".parse().unwrap()), "files".parse().unwrap()),
            Endpoint::Server(None, "clock".parse().unwrap()),
        ];
        for user in 0..USERS {
            for endpoint in &endpoints {
                let caller = caller(user);
                let Ok(reach) = Reach::new(&snapshot, &caller, endpoint, at(1)) else { continue };
                let listed: Vec<ConnectionId> = reach.connections().map(|site| site.connection.id).collect();
                prop_assert_eq!(listed.len(), reach.connection_count());
                prop_assert_eq!(!listed.is_empty(), reach.has_connections());
                for connection in (0..12).map(connection_id) {
                    for tool in TOOLS {
                        let tool: Arc<str> = tool.into();
                        let decision = reach.decide(connection, &tool);
                        let open = matches!(decision, Decision::Allowed(_));
                        prop_assert_eq!(open, reach.permit(connection, &tool).is_ok());
                        prop_assert_eq!(decision, decide(&snapshot, &caller, endpoint, at(1), connection, &tool));
                        prop_assert!(!open || listed.contains(&connection), "callable but in no list");
                    }
                }
            }
        }
    }

    #[test]
    fn deny_wins(sketch in sketch()) {
        let snapshot = sketch.snapshot();
        for (user, connection, tool) in allowed(&snapshot).into_keys() {
            let user = &snapshot.company().users[&user_id(user)];
            for grant in snapshot.company().grants.values().filter(|grant| grant.effect == Effect::Deny) {
                let subject = match &grant.subject {
                    Subject::Group(group) => snapshot.groups(user.id).contains(group),
                    Subject::User(id) => *id == user.id,
                    Subject::Pattern(pattern) => pattern.matches(&user.email),
                };
                let target = match &grant.target {
                    Target::Tenant(tenant) => connection_path(connection).tenant.as_ref() == Some(tenant),
                    Target::Connection(id) => *id == connection_id(connection),
                };
                let tools = grant.tools.as_ref().is_none_or(|tools| tools.compile().matches(tool));
                prop_assert!(!(subject && target && tools), "{} was allowed against {:?}", tool, grant);
            }
        }
    }

    #[test]
    fn unknown_groups_pass_no_deny_and_open_nothing(sketch in sketch()) {
        let known = |sketch: &Sketch| {
            let accounts = sketch.accounts.iter().map(|it| it.map(|_| Some(9))).collect();
            Sketch { accounts, ..sketch.clone() }
        };
        let joined = |sketch: &Sketch, user, group| {
            let mut joined = known(sketch);
            joined.members.push((user, group));
            joined.snapshot()
        };
        let is_denied = |snapshot: &Snapshot, user, connection, tool: &str| {
            let answer = decide(snapshot, &caller(user), &Endpoint::All, at(1), connection_id(connection), tool);
            matches!(answer, Decision::Denied(Denial::DeniedBy(_)))
        };
        let open = allowed(&sketch.snapshot());
        let when_known = allowed(&known(&sketch).snapshot());
        prop_assert!(open.keys().all(|key| when_known.contains_key(key)), "not knowing opened something");
        // Whatever groups the provider turns out to have put somebody in, nothing was open that is
        // denied then; and whoever is known has just what they had.
        for group in 0..GROUPS.len() {
            for user in (0..USERS).filter(|user| sketch.may_be_in(*user, group)) {
                let denied = joined(&sketch, user, group);
                for (_, connection, tool) in open.keys().filter(|key| key.0 == user) {
                    prop_assert!(!is_denied(&denied, user, *connection, tool), "{} passed a deny", tool);
                }
            }
        }
        // Only what is denied to a group that they may be in is lost for that.
        for (user, connection, tool) in when_known.keys() {
            if !open.contains_key(&(*user, *connection, tool)) {
                let mut groups = (0..GROUPS.len()).filter(|group| sketch.may_be_in(*user, *group));
                let denied = groups.any(|group| is_denied(&joined(&sketch, *user, group), *user, *connection, tool));
                prop_assert!(denied, "a known user lost something");
                let answer = decide(&sketch.snapshot(), &caller(*user), &Endpoint::All, at(1), connection_id(*connection), tool);
                prop_assert!(matches!(answer, Decision::Denied(Denial::GroupsUnknown(_))));
            }
        }
    }

    #[test]
    fn an_allow_grant_never_removes_access(sketch in sketch(), mut grant in grant()) {
        grant.deny = false;
        let before = allowed(&sketch.snapshot());
        let mut more = sketch.clone();
        more.grants.push(grant);
        let after = allowed(&more.snapshot());
        prop_assert!(before.keys().all(|key| after.contains_key(key)));
    }

    #[test]
    fn disabling_never_opens_and_always_closes(sketch in sketch(), kind in 0..5usize, which in 0..12usize) {
        let before = allowed(&sketch.snapshot());
        let mut less = sketch.clone();
        let flags = match kind {
            0 => &mut less.user_enabled,
            1 => &mut less.group_enabled,
            2 => &mut less.tenant_enabled,
            3 => &mut less.server_enabled,
            _ => &mut less.connection_enabled,
        };
        let which = which % flags.len();
        flags[which] = false;
        let snapshot = less.snapshot();
        let after = allowed(&snapshot);
        prop_assert!(after.keys().all(|key| before.contains_key(key)), "something opened");
        for ((user, connection, _), because) in &after {
            let path = connection_path(*connection);
            let closed = match kind {
                0 => *user != which,
                1 => match because {
                    Because::AdminGroup(group) => *group != group_id(which),
                    Because::Grant(grant) => snapshot.company().grants[grant].subject != Subject::Group(group_id(which)),
                    Because::Public | Because::Admin => true,
                },
                2 => path.tenant.is_none_or(|tenant| tenant.as_str() != TENANTS[which]),
                3 => path.server.as_str() != SERVERS[which],
                _ => *connection != which,
            };
            prop_assert!(closed, "something disabled was reached");
        }
    }

    #[test]
    fn every_reason_names_a_path_that_exists(sketch in sketch()) {
        let snapshot = sketch.snapshot();
        let company = snapshot.company();
        for ((user, connection, tool), because) in allowed(&snapshot) {
            let user = &company.users[&user_id(user)];
            let path = connection_path(connection);
            let exists = match because {
                Because::Public => company.servers[&path.server].access == AccessClass::Public,
                Because::Admin => user.admin,
                Because::AdminGroup(group) => {
                    company.groups[&group].name.as_str() == GroupName::ADMIN
                        && snapshot.groups(user.id).contains(&group)
                }
                Because::Grant(id) => {
                    let grant = &company.grants[&id];
                    grant.effect == Effect::Allow
                        && grant.tools.as_ref().is_none_or(|tools| tools.compile().matches(tool))
                        && match &grant.subject {
                            Subject::Group(group) => snapshot.groups(user.id).contains(group),
                            Subject::User(id) => *id == user.id,
                            Subject::Pattern(pattern) => pattern.matches(&user.email),
                        }
                        && match &grant.target {
                            Target::Tenant(tenant) => path.tenant.as_ref() == Some(tenant),
                            Target::Connection(id) => *id == connection_id(connection),
                        }
                }
            };
            prop_assert!(exists, "the reason names no path that exists");
        }
    }

    #[test]
    fn equal_grants_share_a_view_that_answers_the_same(sketch in sketch()) {
        let snapshot = sketch.snapshot();
        let mut by_view: BTreeMap<u64, Vec<(usize, &str)>> = BTreeMap::new();
        for user in 0..USERS {
            let Some(view) = snapshot.view(user_id(user)) else { continue };
            let own: Vec<_> = allowed(&snapshot).into_keys().filter(|key| key.0 == user).map(|key| (key.1, key.2)).collect();
            prop_assert_eq!(by_view.entry(view.id).or_insert_with(|| own.clone()), &own);
        }
    }

    #[test]
    fn a_change_and_its_inverse_leave_nothing(sketch in sketch(), grant in grant()) {
        let mut company = sketch.company();
        let before = allowed(&Snapshot::new(1, company.clone()));
        let change = Change::Add(grant.record(99).into());
        if company.apply(&change).is_ok() {
            prop_assert!(company.apply(&change).is_err());
            prop_assert!(company.apply(&change.inverse()).is_ok());
        }
        prop_assert_eq!(before, allowed(&Snapshot::new(1, company)));
    }
}
