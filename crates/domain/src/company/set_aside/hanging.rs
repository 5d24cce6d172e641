//! Records that mean nothing without a row that cannot be read.

use std::collections::HashSet;

use super::{Remains, UnreadRow};
use crate::{
    Company, ConnectionId, GroupId, Record, Subject, Target, UserId, company::check::collect,
};

/// What cannot be read, by what others call it.
#[derive(Debug, Default)]
pub(super) struct Lost {
    users: HashSet<UserId>,
    groups: HashSet<GroupId>,
    tenants: HashSet<String>,
    servers: HashSet<String>,
    providers: HashSet<String>,
    /// Also those of tenants and servers that are lost.
    connections: HashSet<ConnectionId>,
    /// Not lost: the groups that providers can put users in.
    mapped: HashSet<GroupId>,
}

impl Lost {
    pub(super) fn new(company: &Company, rows: &[UnreadRow]) -> Self {
        let mapped = company.claim_mappings.values().map(|it| it.group).collect();
        let mut lost = Self { mapped, ..Self::default() };
        for row in rows {
            match &row.remains {
                Remains::User { id, .. } => lost.users.extend(id),
                Remains::Group { id, .. } => lost.groups.extend(id),
                Remains::Tenant { id } => lost.tenants.extend(id.clone()),
                Remains::Server { id } => lost.servers.extend(id.clone()),
                Remains::Provider { id } => lost.providers.extend(id.clone()),
                Remains::Connection { id, .. } => lost.connections.extend(id),
                Remains::Identity { .. }
                | Remains::Membership { .. }
                | Remains::Credential { .. }
                | Remains::Grant(_)
                | Remains::ClaimMapping { .. }
                | Remains::HostRule { .. }
                | Remains::Key
                | Remains::TenantAdmin
                | Remains::Part => {}
            }
        }
        for connection in company.connections.values() {
            let tenant = connection.path.tenant.as_ref();
            if tenant.is_some_and(|tenant| lost.is_tenant(tenant.as_str()))
                || lost.servers.contains(connection.path.server.as_str())
            {
                lost.connections.insert(connection.id);
            }
        }
        lost
    }

    pub(super) fn is_group(&self, id: GroupId) -> bool {
        self.groups.contains(&id)
    }

    pub(super) fn mapped(&self) -> impl Iterator<Item = GroupId> {
        self.mapped.iter().copied()
    }

    pub(super) fn is_tenant(&self, id: &str) -> bool {
        self.tenants.contains(id)
    }
}

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
