//! Rows of the store that cannot be read. They stay as they are, and what they may have closed
//! stays closed: whom or what they mean is taken as widely as it has to be.

mod closed;
mod hanging;
mod key;

use std::{collections::HashSet, sync::Arc};

use serde::Serialize;

use crate::{
    Company, ConnectionId, ConnectionPath, Effect, EmailAddress, GroupId, GroupName, HostPattern,
    PathPrefix, Record, Refusal, Subject, Target, ToolPattern, UserId,
};
use closed::Denied;
pub(super) use closed::is_stand_in;
use hanging::Lost;
pub use key::UnreadKey;

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadRow {
    /// Its table.
    pub table: &'static str,
    /// Its key, as far as that can be read.
    pub key: UnreadKey,
    /// Which column, and what is wrong with it.
    pub problem: String,
    /// What can still be read of it.
    #[serde(skip)]
    pub remains: Remains,
}

/// What can still be read of a row. None is what cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant has fields of the record of its name")]
pub enum Remains {
    User {
        id: Option<UserId>,
        email: Option<EmailAddress>,
    },
    Identity {
        issuer: Option<String>,
        subject: Option<String>,
        user: Option<UserId>,
    },
    Group {
        id: Option<GroupId>,
        name: Option<GroupName>,
    },
    Membership {
        user: Option<UserId>,
        group: Option<GroupId>,
    },
    Tenant {
        id: Option<String>,
    },
    Server {
        id: Option<String>,
    },
    Provider {
        id: Option<String>,
    },
    Connection {
        id: Option<ConnectionId>,
        path: Option<ConnectionPath>,
    },
    Credential {
        connection: Option<ConnectionId>,
    },
    Grant(GrantRemains),
    ClaimMapping {
        group: Option<GroupId>,
    },
    HostRule {
        host: Option<HostPattern>,
        path: Option<PathPrefix>,
    },
    Key,
    TenantAdmin,
    /// A row of a list that belongs to a record.
    Part,
}

/// What can still be read of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRemains {
    /// What it does.
    pub effect: Option<Effect>,
    /// Whom it means.
    pub subject: Option<Subject>,
    /// What it is for.
    pub target: Option<Target>,
    /// The tenant as it stands there, which may be one whose row cannot be read either.
    pub tenant: Option<String>,
    /// For which tools. None is all.
    pub tools: Option<ToolPattern>,
}

/// Somebody who may be in some group. None is anybody, any group.
type Member = (Option<UserId>, Option<GroupId>);

/// All rows that cannot be read, and what follows from them.
#[derive(Debug, Default)]
pub struct SetAside {
    rows: Vec<UnreadRow>,
    /// Kinds and names of records that would lie on such a row, or pass for what it was.
    taken: HashSet<(&'static str, String)>,
    /// What is denied besides all grants.
    denied: Vec<Denied>,
    /// Somebody who may be in some group.
    members: HashSet<Member>,
    /// Hosts to which nobody comes. None stands for all.
    hosts: Vec<Option<HostPattern>>,
    /// Whether a stranger may be a user whose row cannot be read.
    strangers: bool,
    /// Whether an account that is bound to nobody may be one whose row cannot be read.
    accounts: bool,
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
    pub(super) fn check(&self, record: &Record) -> Result<(), Refusal> {
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

    /// Notes what follows from a row.
    fn take(&mut self, row: &UnreadRow, lost: &Lost) {
        let kind = row.remains.kind();
        let mut taken = |name: Option<String>| self.taken.extend(name.map(|it| (kind, it)));
        taken(Some(row.key.whole().to_owned()));
        match &row.remains {
            Remains::User { email, .. } => {
                self.strangers |= email.is_none();
                taken(email.as_ref().map(ToString::to_string));
            }
            Remains::Identity { issuer, subject, user } => {
                self.accounts = true;
                // Whether the provider has said the groups is not known.
                self.members.extend(lost.mapped().map(|group| (*user, Some(group))));
                let both = issuer.as_ref().zip(subject.as_ref());
                taken(both.map(|(issuer, subject)| account(issuer, subject)));
            }
            Remains::Group { name, .. } => taken(name.as_ref().map(lower)),
            Remains::Tenant { id } => taken(id.as_ref().map(lower)),
            Remains::Server { id } => taken(id.as_ref().map(lower)),
            Remains::Provider { id } => taken(id.as_ref().map(lower)),
            Remains::Connection { path, .. } => {
                taken(path.as_ref().map(ToString::to_string));
            }
            Remains::HostRule { host, path } => {
                let both = host.as_ref().zip(path.as_ref());
                taken(both.map(|(host, path)| format!("{host}{path}")));
                self.hosts.push(host.clone());
            }
            Remains::Membership { user, group } => {
                self.members.insert((*user, *group));
            }
            // Whom a claim would put in the group is not known.
            Remains::ClaimMapping { group } => {
                self.members.insert((None, *group));
            }
            Remains::Grant(grant) => self.denied.extend(Denied::of(grant, lost)),
            Remains::Credential { .. } | Remains::Key | Remains::TenantAdmin | Remains::Part => {}
        }
    }
}

impl SetAside {
    /// Keeps what follows from a record that hangs on a row: an account that is somebody's, and
    /// whom a group denies what.
    fn keep(&mut self, record: &Record, lost: &Lost) {
        match record {
            Record::Identity(it) => {
                self.taken.insert((record.kind(), account(&it.issuer, &it.subject)));
            }
            Record::Membership(it) if lost.is_group(it.group) => {
                self.members.insert((Some(it.user), Some(it.group)));
            }
            // Of whom the provider has not said yet whether they are in the group is not known.
            Record::ClaimMapping(it) => {
                self.members.insert((None, Some(it.group)));
            }
            Record::Grant(it) if it.effect == Effect::Deny => self.denied.push(Denied::by(it)),
            _ => {}
        }
    }
}

impl Remains {
    /// The kind of record that the row would be.
    const fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Identity { .. } => "identity",
            Self::Group { .. } => "group",
            Self::Membership { .. } => "membership",
            Self::Tenant { .. } => "tenant",
            Self::Server { .. } => "server",
            Self::Provider { .. } => "provider",
            Self::Connection { .. } => "connection",
            Self::Credential { .. } => "credential",
            Self::Grant(_) => "grant",
            Self::ClaimMapping { .. } => "claim mapping",
            Self::HostRule { .. } => "host rule",
            Self::Key => "key",
            Self::TenantAdmin => "tenant admin",
            Self::Part => "",
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
fn account(issuer: &str, subject: &str) -> String {
    format!("{subject} at {issuer}")
}

fn lower(name: impl ToString) -> String {
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

impl Company {
    /// The rows of the store that cannot be read.
    pub fn set_aside(&self) -> &SetAside {
        &self.set_aside
    }

    /// The company of which these rows cannot be read, when all others are in it: without the
    /// records that hang on them.
    #[must_use]
    pub fn without(mut self, mut rows: Vec<UnreadRow>) -> Self {
        if rows.is_empty() {
            return self;
        }
        rows.extend(self.incomplete_connections(&rows));
        rows.sort_by(|a, b| (a.table, &a.key).cmp(&(b.table, &b.key)));
        let lost = Lost::new(&self, &rows);
        let mut aside = SetAside::default();
        for row in &rows {
            aside.take(row, &lost);
        }
        let hanging = self.hanging(&lost);
        for record in &hanging {
            aside.keep(record, &lost);
        }
        for record in &hanging {
            self.take(record);
        }
        aside.rows = rows;
        self.set_aside = Arc::new(aside);
        self
    }
}
