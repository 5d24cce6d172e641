//! Deny grants for what rows that cannot be read may have denied.

use uuid::Uuid;

use super::{GrantRemains, hanging::Lost};
use crate::{
    Company, Effect, Grant, GrantId, Record, Subject, Target, Timestamp, ToolPattern, UserPattern,
};

/// Something that is denied. None is everybody, everything, all tools.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Denied {
    subject: Option<Subject>,
    target: Option<Target>,
    tools: Option<ToolPattern>,
}

impl Denied {
    fn by(grant: &Grant, subject: Option<Subject>) -> Self {
        Self { subject, target: Some(grant.target.clone()), tools: grant.tools.clone() }
    }

    /// What a grant denies that cannot be read, unless it surely allows, or is for what nobody
    /// reaches anyway.
    pub(super) fn of(grant: &GrantRemains, lost: &Lost) -> Option<Self> {
        let unreached = grant.tenant.as_deref().is_some_and(|tenant| lost.is_tenant(tenant));
        if grant.effect == Some(Effect::Allow) || (grant.target.is_none() && unreached) {
            return None;
        }
        Some(Self {
            subject: grant.subject.clone(),
            target: grant.target.clone(),
            tools: grant.tools.clone(),
        })
    }
}

/// What is still denied by a grant that hangs on a group: to its members, and to everybody while
/// some claim may make members.
pub(super) fn still_denied(record: &Record, hanging: &[Record]) -> Vec<Denied> {
    let Record::Grant(grant) = record else { return Vec::new() };
    let Subject::Group(group) = &grant.subject else { return Vec::new() };
    if grant.effect == Effect::Allow {
        return Vec::new();
    }
    let subject = |other: &Record| match other {
        Record::Membership(it) if it.group == *group => Some(Some(Subject::User(it.user))),
        Record::ClaimMapping(it) if it.group == *group => Some(None),
        _ => None,
    };
    hanging.iter().filter_map(subject).map(|subject| Denied::by(grant, subject)).collect()
}

/// The number of the first grant that stands for a row that cannot be read.
const FIRST: u128 = u128::MAX - u32::MAX as u128;

/// Whether a grant is no record, but stands for a row that cannot be read.
pub(in crate::company) fn is_stand_in(id: GrantId) -> bool {
    id.0.as_u128() >= FIRST
}

impl Company {
    /// The company with deny grants for all that rows that cannot be read may have denied: for
    /// deciding, not for keeping.
    pub(crate) fn closed(&self) -> Self {
        let mut company = self.clone();
        let aside = &self.set_aside;
        let mut denied = aside.denied.clone();
        for (user, group) in &aside.members {
            let denies = self.grants.values().filter(|grant| {
                let Subject::Group(own) = &grant.subject else { return false };
                grant.effect == Effect::Deny && group.is_none_or(|group| group == *own)
            });
            denied.extend(denies.map(|grant| Denied::by(grant, user.map(Subject::User))));
        }
        let mut number = FIRST;
        for it in &denied {
            for target in self.targets(it.target.as_ref()) {
                let subject = it.subject.clone();
                company.put(Record::Grant(Grant {
                    id: GrantId(Uuid::from_u128(number)),
                    subject: subject.unwrap_or_else(|| Subject::Pattern(UserPattern::everybody())),
                    target,
                    tools: it.tools.clone(),
                    effect: Effect::Deny,
                    created_at: Timestamp::from_micros(0),
                }));
                number += 1;
            }
        }
        company
    }

    /// A target, or every connection.
    fn targets(&self, target: Option<&Target>) -> Vec<Target> {
        let all = || self.connections.keys().map(|id| Target::Connection(*id)).collect();
        target.map_or_else(all, |target| vec![target.clone()])
    }
}
