use crate::{Effect, Record, Refusal};

/// One step from one revision towards the next. Being data, it can be shown before it is applied,
/// kept in the audit, and turned round.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A record that was not there.
    Add(Record),
    /// A record that becomes another of the same key.
    Replace {
        /// As it was; the change is refused if it is not so any more.
        before: Record,
        /// As it will be.
        after: Record,
    },
    /// A record that goes.
    Remove(Record),
}

impl Change {
    /// The change that undoes this one.
    #[must_use]
    pub fn inverse(self) -> Self {
        match self {
            Self::Add(record) => Self::Remove(record),
            Self::Replace { before, after } => Self::Replace { before: after, after: before },
            Self::Remove(record) => Self::Add(record),
        }
    }

    /// The record as it is afterwards, or the one that goes.
    pub const fn record(&self) -> &Record {
        match self {
            Self::Add(record) | Self::Remove(record) | Self::Replace { after: record, .. } => {
                record
            }
        }
    }

    /// The change in one word: `add`, `change` or `remove`.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Replace { .. } => "change",
            Self::Remove(_) => "remove",
        }
    }

    /// The record before the change, if there was one.
    pub const fn before(&self) -> Option<&Record> {
        match self {
            Self::Add(_) => None,
            Self::Replace { before, .. } => Some(before),
            Self::Remove(record) => Some(record),
        }
    }

    /// The record after the change, if there is one.
    pub const fn after(&self) -> Option<&Record> {
        match self {
            Self::Add(record) | Self::Replace { after: record, .. } => Some(record),
            Self::Remove(_) => None,
        }
    }

    /// Whether it is of the kind that takes rights away: something is disabled or revoked, or a
    /// right goes. Such changes have to be possible when little else is.
    pub fn takes_rights(&self) -> bool {
        match self {
            Self::Add(Record::Grant(grant)) => grant.effect == Effect::Deny,
            Self::Add(_) => false,
            Self::Remove(record) => matches!(
                record,
                Record::User(_)
                    | Record::Identity(_)
                    | Record::Membership(_)
                    | Record::TenantAdmin(_)
                    | Record::Connection(_)
                    | Record::Credential(_)
                    | Record::Grant(_)
                    | Record::Key(_)
                    | Record::Provider(_)
                    | Record::ClaimMapping(_)
            ),
            Self::Replace { before, after } => match (before, after) {
                (Record::User(before), Record::User(after)) => {
                    before.enabled && !after.enabled || before.admin && !after.admin
                }
                (Record::Group(before), Record::Group(after)) => before.enabled && !after.enabled,
                (Record::Tenant(before), Record::Tenant(after)) => before.enabled && !after.enabled,
                (Record::Server(before), Record::Server(after)) => before.enabled && !after.enabled,
                (Record::Connection(before), Record::Connection(after)) => {
                    before.enabled && !after.enabled
                }
                (Record::Provider(before), Record::Provider(after)) => {
                    before.enabled && !after.enabled
                }
                (Record::Key(before), Record::Key(after)) => {
                    before.revoked_at.is_none() && after.revoked_at.is_some()
                }
                _ => false,
            },
        }
    }
}

/// Whoever was told that a key is dead relies on it.
pub(super) fn stays_revoked(before: &Record, after: &Record) -> Result<(), Refusal> {
    match (before, after) {
        (Record::Key(before), Record::Key(after))
            if before.revoked_at.is_some() && after.revoked_at != before.revoked_at =>
        {
            Err(Refusal::invalid("revoked_at", "a revoked key stays revoked: create a new one"))
        }
        _ => Ok(()),
    }
}
