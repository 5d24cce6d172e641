//! Deny grants for what rows that cannot be read may have denied.

use uuid::Uuid;

use super::denied::Denied;
use crate::{Company, Effect, Grant, GrantId, Record, Subject, Target, Timestamp, UserPattern};

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
        if !aside.members.is_empty() {
            let denies = self.grants.values().filter(|grant| grant.effect == Effect::Deny);
            let all = denies.map(|grant| Denied::by(grant)).chain(aside.denied.iter().cloned());
            denied.extend(all.flat_map(|it| it.to(&aside.members).collect::<Vec<_>>()));
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
