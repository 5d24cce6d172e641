//! What decides who gets which rules, besides the users themselves.

use super::{
    claims::Claims,
    rules::Rules,
    sites::Site,
    subjects::Subjects,
    view::{Rule, View},
    view_key::ViewKey,
};
use crate::{Because, ClaimSaid, Company, GrantId, GroupId, GroupName, User};

/// Grants, groups and claims, indexed.
#[derive(Debug)]
pub(super) struct Basis {
    subjects: Subjects,
    claims: Claims,
    rules: Rules,
    /// The administrators' group, if it is enabled.
    admins: Option<GroupId>,
}

/// What is known of one user.
pub(super) struct Standing {
    pub(super) groups: Vec<GroupId>,
    pub(super) unsaid: Vec<ClaimSaid>,
    /// None for a disabled user.
    pub(super) key: Option<ViewKey>,
}

impl Basis {
    pub(super) fn new(company: &Company, sites: &[Site]) -> Self {
        let subjects = Subjects::new(company);
        let claims = Claims::new(company, &subjects);
        let admins = company.group_by_name(GroupName::ADMIN).filter(|group| group.enabled);
        let admins = admins.map(|group| group.id);
        Self { claims, rules: Rules::new(company, sites), subjects, admins }
    }

    /// Where a user of the company stands.
    pub(super) fn standing(&self, company: &Company, user: &User) -> Standing {
        let groups = company.groups_of(user.id);
        let unsaid = self.claims.unsaid(company, user.id);
        let key = user.enabled.then(|| {
            let admin = match self.admins {
                _ if user.admin => Some(Because::Admin),
                Some(group) if groups.contains(&group) => Some(Because::AdminGroup(group)),
                _ => None,
            };
            let grants = self.subjects.grants(user, &groups);
            let supposed = self.claims.denials(&unsaid, &grants);
            ViewKey { admin, grants, supposed }
        });
        let mut unsaid: Vec<ClaimSaid> = unsaid.iter().map(|(claim, _)| (*claim).clone()).collect();
        unsaid.sort_unstable();
        unsaid.dedup();
        Standing { groups, unsaid, key }
    }

    /// The view of a key.
    pub(super) fn view(&self, id: u64, key: &ViewKey) -> View {
        let find = |grant: &GrantId| self.rules.of(*grant).cloned();
        let supposed = key.supposed.iter().filter_map(find);
        let supposed = supposed.map(|rule| Rule { supposed: true, ..rule });
        let rules = key.grants.iter().filter_map(find).chain(supposed).collect();
        View::new(id, key.admin, rules)
    }
}
