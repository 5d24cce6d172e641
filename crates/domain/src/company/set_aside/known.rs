use std::collections::HashSet;

use super::{
    denied::{Denied, Member},
    row::UnreadRow,
};
use crate::{EmailAddress, HostPattern, Record, Refusal};

/// All rows that cannot be read, and what follows from them.
#[derive(Debug, Default)]
pub struct SetAside {
    pub(super) rows: Vec<UnreadRow>,
    /// Kinds and names of records that would lie on such a row, or pass for what it was.
    pub(super) taken: HashSet<(&'static str, String)>,
    /// What is denied besides all grants.
    pub(super) denied: Vec<Denied>,
    /// Somebody who may be in some group.
    pub(super) members: HashSet<Member>,
    /// Hosts to which nobody comes. None stands for all.
    pub(super) hosts: Vec<Option<HostPattern>>,
    /// Whether a stranger may be a user whose row cannot be read.
    pub(super) strangers: bool,
    /// Whether an account that is bound to nobody may be one whose row cannot be read.
    pub(super) accounts: bool,
}

impl SetAside {
    /// Wherever rows are named, in a log or on a page, so many are; the rest are counted.
    pub const NAMED: usize = 20;

    /// The rows, by table and key.
    pub fn rows(&self) -> &[UnreadRow] {
        &self.rows
    }

    /// Whether nobody may come to a host, since a rule for it may be among the rows.
    pub fn closes_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|it| it.as_ref().is_none_or(|pattern| pattern.matches(host)))
    }

    /// Whether an account that is bound to nobody may have been bound to somebody, who perhaps was
    /// disabled.
    pub fn may_be_bound(&self, issuer: &str, subject: &str) -> bool {
        self.accounts || self.taken.contains(&("identity", account(issuer, subject)))
    }

    /// Whether somebody whom no user is found for may be one whose row cannot be read, and who
    /// perhaps was disabled.
    pub fn may_be_user(&self, email: &EmailAddress) -> bool {
        self.strangers || self.taken.contains(&("user", email.to_string()))
    }

    /// Refuses a record that would lie on a row that cannot be read.
    pub(in crate::company) fn check(&self, record: &Record) -> Result<(), Refusal> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let kind = record.kind();
        let mut names = name_of(record).into_iter().chain([key_of(record)]);
        match names.find(|name| self.taken.contains(&(kind, name.clone()))) {
            None => Ok(()),
            Some(name) => Err(Refusal::SetAside { kind, name }),
        }
    }
}

/// The key of a record as the store writes it, column by column.
fn key_of(record: &Record) -> String {
    match record {
        Record::User(it) => it.id.to_string(),
        Record::Identity(it) => format!("{} {}", it.issuer, it.subject),
        Record::Group(it) => it.id.to_string(),
        Record::Membership(it) => format!("{} {} {}", it.user, it.group, it.source),
        Record::Tenant(it) => it.id.to_string(),
        Record::TenantAdmin(it) => format!("{} {}", it.tenant, it.user),
        Record::Server(it) => it.id.to_string(),
        Record::Connection(it) => it.id.to_string(),
        Record::Credential(it) => format!("{} {}", it.connection, it.placement),
        Record::Grant(it) => it.id.to_string(),
        Record::Key(it) => it.id.to_string(),
        Record::Provider(it) => it.id.to_string(),
        Record::ClaimMapping(it) => it.id.to_string(),
        Record::HostRule(it) => it.id.to_string(),
    }
}

/// An account at a provider, as one text.
pub(super) fn account(issuer: &str, subject: &str) -> String {
    format!("{subject} at {issuer}")
}

pub(super) fn lower(name: impl ToString) -> String {
    name.to_string().to_ascii_lowercase()
}

/// The name that no two records of a kind can have, where it is one that people chose.
fn name_of(record: &Record) -> Option<String> {
    match record {
        Record::User(it) => Some(it.email.to_string()),
        Record::Identity(it) => Some(account(&it.issuer, &it.subject)),
        Record::Group(it) => Some(lower(&it.name)),
        Record::Tenant(it) => Some(lower(&it.id)),
        Record::Server(it) => Some(lower(&it.id)),
        Record::Provider(it) => Some(lower(&it.id)),
        Record::Connection(it) => Some(it.path.to_string()),
        Record::HostRule(it) => Some(format!("{}{}", it.host, it.path)),
        Record::Membership(_)
        | Record::TenantAdmin(_)
        | Record::Credential(_)
        | Record::Grant(_)
        | Record::Key(_)
        | Record::ClaimMapping(_) => None,
    }
}
