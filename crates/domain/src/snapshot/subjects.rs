//! Grants by whom they mean.

use foldhash::HashMap;
use wildmatch::WildMatch;

use crate::{Company, Effect, GrantId, GroupId, Subject, User, UserId, text::UserPatternKind};

/// Grants by whom they mean.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    group: HashMap<GroupId, Vec<GrantId>>,
    user: HashMap<UserId, Vec<GrantId>>,
    everybody: Vec<GrantId>,
    domain: HashMap<Box<str>, Vec<GrantId>>,
    address: HashMap<Box<str>, Vec<GrantId>>,
    wildcard: Vec<(WildMatch, GrantId)>,
}

impl Subjects {
    pub(super) fn new(company: &Company) -> Self {
        let mut index = Self::default();
        for grant in company.grants.values() {
            let id = grant.id;
            match &grant.subject {
                // A disabled group gives nothing, but what it denies stays denied: to disable
                // something never opens anything.
                Subject::Group(group) => {
                    let enabled = company.groups.get(group).is_some_and(|group| group.enabled);
                    if enabled || grant.effect == Effect::Deny {
                        index.group.entry(*group).or_default().push(id);
                    }
                }
                Subject::User(user) => index.user.entry(*user).or_default().push(id),
                Subject::Pattern(pattern) => match pattern.kind() {
                    UserPatternKind::Everybody => index.everybody.push(id),
                    UserPatternKind::Domain(domain) => {
                        index.domain.entry(domain.into()).or_default().push(id)
                    }
                    UserPatternKind::Address(address) => {
                        index.address.entry(address.into()).or_default().push(id);
                    }
                    UserPatternKind::Wildcard(wildcard) => index.wildcard.push((wildcard, id)),
                },
            }
        }
        index
    }

    /// The grants that bear on a user who is in these groups, by id.
    pub(super) fn grants(&self, user: &User, groups: &[GroupId]) -> Vec<GrantId> {
        let mut found = self.everybody.clone();
        for group in groups {
            found.extend(self.group.get(group).into_iter().flatten());
        }
        found.extend(self.user.get(&user.id).into_iter().flatten());
        found.extend(self.domain.get(user.email.domain()).into_iter().flatten());
        found.extend(self.address.get(user.email.as_str()).into_iter().flatten());
        let email = user.email.as_str();
        found.extend(
            self.wildcard.iter().filter(|(pattern, _)| pattern.matches(email)).map(|(_, id)| id),
        );
        found.sort_unstable();
        found
    }

    /// The grants to a group.
    pub(super) fn of_group(&self, group: GroupId) -> &[GrantId] {
        self.group.get(&group).map_or(&[], Vec::as_slice)
    }
}
