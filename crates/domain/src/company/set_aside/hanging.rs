//! Records that mean nothing without a row that cannot be read.

use std::collections::HashSet;

use super::{
    lost::Lost,
    row::{Remains, UnreadRow},
};
use crate::{Company, Record, Subject, Target, company::check::collect};

impl Company {
    /// The records that hang on what is lost. A host rule goes on for the groups that are left.
    pub(super) fn hanging(&self, lost: &Lost) -> Vec<Record> {
        let mut found = Vec::new();
        collect(&mut found, &self.connections, |it| lost.connections.contains(&it.id));
        collect(&mut found, &self.identities, |it| lost.users.contains(&it.user));
        collect(&mut found, &self.memberships, |it| {
            lost.users.contains(&it.user) || lost.groups.contains(&it.group)
        });
        collect(&mut found, &self.tenant_admins, |it| {
            lost.users.contains(&it.user) || lost.is_tenant(it.tenant.as_str())
        });
        collect(&mut found, &self.credentials, |it| lost.connections.contains(&it.connection));
        collect(&mut found, &self.keys, |it| it.user.is_some_and(|id| lost.users.contains(&id)));
        collect(&mut found, &self.claim_mappings, |it| {
            lost.groups.contains(&it.group) || lost.providers.contains(it.provider.as_str())
        });
        collect(&mut found, &self.grants, |it| {
            let subject = match &it.subject {
                Subject::Group(id) => lost.groups.contains(id),
                Subject::User(id) => lost.users.contains(id),
                Subject::Pattern(_) => false,
            };
            let target = match &it.target {
                Target::Tenant(id) => lost.is_tenant(id.as_str()),
                Target::Connection(id) => lost.connections.contains(id),
            };
            subject || target
        });
        found
    }

    /// Connections of which a credential cannot be read: they would be called without it.
    pub(super) fn incomplete_connections(&self, rows: &[UnreadRow]) -> Vec<UnreadRow> {
        let mut seen = HashSet::new();
        let incomplete = |row: &UnreadRow| {
            let Remains::Credential { connection: Some(id) } = row.remains else { return None };
            let connection = self.connections.get(&id).filter(|_| seen.insert(id))?;
            Some(UnreadRow {
                table: "connections",
                key: connection.path.to_string().into(),
                problem: "a credential of it cannot be read, so it is closed".into(),
                remains: Remains::Connection { id: Some(id), path: Some(connection.path.clone()) },
            })
        };
        rows.iter().filter_map(incomplete).collect()
    }
}
