//! What follows from rows that cannot be read.

use std::sync::Arc;

use super::{
    denied::Denied,
    known::{SetAside, account, lower},
    lost::Lost,
    row::{GrantRemains, Remains, UnreadRow},
};
use crate::{Company, Effect, Record};

impl SetAside {
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
            Remains::Grant(grant) => self.denied.extend(denied(grant, lost)),
            Remains::Credential { .. } | Remains::Key | Remains::TenantAdmin | Remains::Part => {}
        }
    }

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

/// What a grant denies that cannot be read, unless it surely allows, or is for what nobody
/// reaches anyway.
fn denied(grant: &GrantRemains, lost: &Lost) -> Option<Denied> {
    let unreached = grant.tenant.as_deref().is_some_and(|tenant| lost.is_tenant(tenant));
    if grant.effect == Some(Effect::Allow) || (grant.target.is_none() && unreached) {
        return None;
    }
    Some(Denied {
        subject: grant.subject.clone(),
        target: grant.target.clone(),
        tools: grant.tools.clone(),
    })
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
