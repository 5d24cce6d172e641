//! What changes touch of what is indexed.

use foldhash::HashSet;

use crate::{
    Change, Company, Effect, Grant, Group, GroupId, GroupName, Record, Subject, User, UserId,
    UserPattern,
};

/// What has to be made anew, and whose views.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Connections, or what they stand on.
    pub(super) sites: bool,
    pub(super) hosts: bool,
    /// Grants, groups or claims.
    pub(super) basis: bool,
    pub(super) users: HashSet<UserId>,
    everybody: bool,
    groups: HashSet<GroupId>,
    patterns: Vec<UserPattern>,
}

impl Touched {
    /// By changes of a company as it was `before` them.
    pub(super) fn by(changes: &[Change], before: &Company) -> Self {
        let mut touched = Self::default();
        for change in changes {
            match (change.before(), change.after()) {
                (Some(Record::Group(old)), Some(Record::Group(new))) => {
                    if old.enabled != new.enabled || is_admins(old) != is_admins(new) {
                        touched.note_group(new);
                    }
                }
                (old, new) => {
                    old.into_iter().chain(new).for_each(|record| touched.note(record, before));
                }
            }
        }
        touched
    }

    /// Whether more than single users are touched.
    pub(super) fn reaches_many(&self) -> bool {
        self.everybody || !self.groups.is_empty() || !self.patterns.is_empty()
    }

    /// Whether a user, who was in these groups, is among the many. The single ones are not.
    pub(super) fn means(&self, user: &User, groups: &[GroupId]) -> bool {
        !self.users.contains(&user.id)
            && (self.everybody
                || groups.iter().any(|group| self.groups.contains(group))
                || self.patterns.iter().any(|pattern| pattern.matches(&user.email)))
    }

    fn note(&mut self, record: &Record, before: &Company) {
        match record {
            Record::User(it) => drop(self.users.insert(it.id)),
            Record::Identity(it) => drop(self.users.insert(it.user)),
            Record::Membership(it) => drop(self.users.insert(it.user)),
            // One that comes or goes has no members and no grants then.
            Record::Group(it) if is_admins(it) => self.note_group(it),
            Record::Group(_) => {}
            Record::Tenant(_) | Record::Server(_) | Record::Connection(_) => self.sites = true,
            Record::Grant(it) => self.note_grant(it, before),
            Record::Provider(_) | Record::ClaimMapping(_) => {
                self.basis = true;
                self.everybody = true;
            }
            Record::HostRule(_) => self.hosts = true,
            Record::TenantAdmin(_) | Record::Credential(_) | Record::Key(_) => {}
        }
    }

    fn note_group(&mut self, group: &Group) {
        self.basis = true;
        self.groups.insert(group.id);
    }

    fn note_grant(&mut self, grant: &Grant, before: &Company) {
        self.basis = true;
        match &grant.subject {
            Subject::User(user) => drop(self.users.insert(*user)),
            Subject::Pattern(pattern) => self.patterns.push(pattern.clone()),
            Subject::Group(group) => {
                self.groups.insert(*group);
                // What is denied to a group is denied to those who may be in it, too.
                let mapped = || before.claim_mappings.values().any(|it| it.group == *group);
                self.everybody |= grant.effect == Effect::Deny && mapped();
            }
        }
    }
}

fn is_admins(group: &Group) -> bool {
    group.name.as_str().eq_ignore_ascii_case(GroupName::ADMIN)
}
