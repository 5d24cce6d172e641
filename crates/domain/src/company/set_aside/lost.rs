use std::collections::HashSet;

use super::row::{Remains, UnreadRow};
use crate::{Company, ConnectionId, GroupId, UserId};

/// What cannot be read, by what others call it.
#[derive(Debug, Default)]
pub(super) struct Lost {
    pub(super) users: HashSet<UserId>,
    pub(super) groups: HashSet<GroupId>,
    pub(super) tenants: HashSet<String>,
    pub(super) servers: HashSet<String>,
    pub(super) providers: HashSet<String>,
    /// Also those of tenants and servers that are lost.
    pub(super) connections: HashSet<ConnectionId>,
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
