use std::collections::{BTreeMap, BTreeSet};

use gatehall_domain::{Company, GroupId, TenantId, User};
use gatehall_open_webui::{Terms, WishedGroup, WishedMember};

use super::left_over::is_test_user;

/// The groups of the company with their members, as the accounts of an Open WebUI are found.
pub(super) fn groups(company: &Company, chat: &str) -> Vec<WishedGroup> {
    let mut members: BTreeMap<GroupId, BTreeSet<_>> = BTreeMap::new();
    for it in company.memberships.values() {
        // Several sources may say it.
        members.entry(it.group).or_default().insert(it.user);
    }
    let member = |user: &User| WishedMember {
        email: user.email.to_string(),
        account: company.subject_of(user.id, chat).map(str::to_owned),
    };
    let mut groups: Vec<WishedGroup> = company
        .groups
        .values()
        .map(|group| {
            let users = members.remove(&group.id).unwrap_or_default();
            let users = users.iter().filter_map(|id| company.users.get(id));
            // A disabled group gives nothing to anybody.
            let users = users.filter(|it| it.enabled && group.enabled && !is_test_user(it));
            WishedGroup {
                id: group.id,
                name: group.name.to_string(),
                description: group.description.clone(),
                members: users.map(|it| member(it)).collect(),
            }
        })
        .collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups
}

/// The tenants that should have a connection of their own: those that are no more drop out.
pub fn tenants(company: &Company, terms: &Terms) -> Vec<TenantId> {
    let wished = |id: &TenantId| terms.every_tenant || terms.openapi.contains(id);
    let there = company.tenants.values().filter(|it| it.enabled && wished(&it.id));
    let mut tenants: Vec<TenantId> = there.map(|it| it.id.clone()).collect();
    tenants.sort_unstable();
    tenants
}
