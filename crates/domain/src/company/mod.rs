//! Everything an administrator keeps, and the rules a change must obey.

mod change;
mod check;
mod check_doors;
mod check_servers;
mod claims;
mod label;
mod map;
mod meant;
mod multimap;
mod set_aside;

use std::{hash::Hash, sync::Arc};

pub use change::Change;
pub use map::{Map, Table};
use multimap::Multimap;
pub use set_aside::{GrantRemains, Remains, SetAside, UnreadKey, UnreadRow};

use crate::{
    ClaimMapping, ClaimMappingId, Connection, ConnectionId, ConnectionPath, Credential, Effect,
    EmailAddress, Grant, GrantId, Group, GroupId, GroupName, HostRule, HostRuleId, Identity, Key,
    KeyId, Membership, Placement, Provider, ProviderId, Record, Refusal, Server, ServerId, Source,
    Subject, Target, Tenant, TenantAdmin, TenantId, ToolPattern, User, UserId,
};

/// All records, at one revision. Copies share what they do not change.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each field holds the records of its name")]
pub struct Company {
    pub users: Table<UserId, User>,
    pub identities: Table<(String, String), Identity>,
    pub groups: Table<GroupId, Group>,
    pub memberships: Table<(UserId, GroupId, Source), Membership>,
    pub tenants: Table<TenantId, Tenant>,
    pub tenant_admins: Table<(TenantId, UserId), TenantAdmin>,
    pub servers: Table<ServerId, Server>,
    pub connections: Table<ConnectionId, Connection>,
    pub credentials: Table<(ConnectionId, Placement), Credential>,
    pub grants: Table<GrantId, Grant>,
    pub keys: Table<KeyId, Key>,
    pub providers: Table<ProviderId, Provider>,
    pub claim_mappings: Table<ClaimMappingId, ClaimMapping>,
    pub host_rules: Table<HostRuleId, HostRule>,
    set_aside: Arc<SetAside>,
    user_by_email: Map<EmailAddress, UserId>,
    /// The keys of their identities.
    identities_by_user: Multimap<UserId, (String, String)>,
    group_by_name: Map<String, GroupId>,
    /// Once for each source that says so.
    groups_by_user: Multimap<UserId, GroupId>,
    connection_by_path: Map<ConnectionPath, ConnectionId>,
    grant_by_meaning: Map<Meaning, GrantId>,
    tenants_by_admin: Multimap<UserId, TenantId>,
}

/// What a grant says. Two grants never say the same.
type Meaning = (Subject, Target, Option<ToolPattern>, Effect);

fn meaning(grant: &Grant) -> Meaning {
    (grant.subject.clone(), grant.target.clone(), grant.tools.clone(), grant.effect)
}

impl Company {
    /// The user with this address.
    pub fn user_by_email(&self, email: &EmailAddress) -> Option<&Arc<User>> {
        self.users.get(self.user_by_email.get(email)?)
    }

    /// The group of this name, without regard to case.
    pub fn group_by_name(&self, name: &str) -> Option<&Arc<Group>> {
        self.groups.get(self.group_by_name.get(&name.to_ascii_lowercase())?)
    }

    /// The connection of this path.
    pub fn connection_by_path(&self, path: &ConnectionPath) -> Option<&Arc<Connection>> {
        self.connections.get(self.connection_by_path.get(path)?)
    }

    /// The grant that says the same as this one.
    pub fn equal_grant(&self, grant: &Grant) -> Option<&Arc<Grant>> {
        self.grants.get(self.grant_by_meaning.get(&meaning(grant))?)
    }

    /// The user an identity provider means.
    pub fn user_by_identity(&self, issuer: &str, subject: &str) -> Option<&Arc<User>> {
        let identity = self.identities.get(&(issuer.to_owned(), subject.to_owned()))?;
        self.users.get(&identity.user)
    }

    /// The subject under which an identity provider knows a user.
    pub fn subject_of(&self, user: UserId, issuer: &str) -> Option<&str> {
        let mut keys = self.identities_by_user.of(&user).iter();
        keys.find(|(at, _)| at == issuer).map(|(_, subject)| subject.as_str())
    }

    /// The accounts of a user, in no order.
    pub fn identities_of(&self, user: UserId) -> impl Iterator<Item = &Arc<Identity>> {
        self.identities_by_user.of(&user).iter().filter_map(|key| self.identities.get(key))
    }

    /// The groups of a user, each once, by id.
    pub fn groups_of(&self, user: UserId) -> Vec<GroupId> {
        let mut groups = self.groups_by_user.of(&user).to_vec();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Whether this user manages this tenant.
    pub fn manages(&self, user: UserId, tenant: &TenantId) -> bool {
        self.tenant_admins.contains_key(&(tenant.clone(), user))
    }

    /// The tenants that a user manages, by id.
    pub fn managed_by(&self, user: UserId) -> Vec<TenantId> {
        let mut tenants = self.tenants_by_admin.of(&user).to_vec();
        tenants.sort_unstable();
        tenants
    }

    /// Whether a user is an administrator or manages a tenant, or would if what is disabled were
    /// enabled.
    pub fn administers(&self, user: UserId) -> bool {
        let flagged = self.users.get(&user).is_some_and(|user| user.admin);
        let group = self.group_by_name(GroupName::ADMIN);
        flagged
            || !self.tenants_by_admin.of(&user).is_empty()
            || group.is_some_and(|group| self.groups_by_user.of(&user).contains(&group.id))
    }

    /// Whether there is an administrator who is enabled.
    pub fn has_admin(&self) -> bool {
        let enabled = |id: &UserId| self.users.get(id).is_some_and(|user| user.enabled);
        if self.users.values().any(|user| user.admin && user.enabled) {
            return true;
        }
        let group = self.group_by_name(GroupName::ADMIN).filter(|group| group.enabled);
        group.is_some_and(|group| {
            self.memberships.values().any(|it| it.group == group.id && enabled(&it.user))
        })
    }

    /// Checks that `changes`, which made this of `before`, leave an administrator, if there was
    /// one.
    ///
    /// # Errors
    /// If the last one is gone or disabled.
    pub fn keeps_admin(&self, before: &Self, changes: &[Change]) -> Result<(), Refusal> {
        let may = changes.iter().any(|change| before.may_end_admin(change));
        match may && before.has_admin() && !self.has_admin() {
            true => Err(Refusal::LastAdmin),
            false => Ok(()),
        }
    }

    /// Whether a change can be one after which somebody is no administrator any more.
    fn may_end_admin(&self, change: &Change) -> bool {
        let admins = || self.group_by_name(GroupName::ADMIN).map(|group| group.id);
        match change {
            Change::Remove(Record::Membership(it)) => admins() == Some(it.group),
            Change::Replace { before: Record::User(before), after: Record::User(after) } => {
                before.admin && !after.admin || before.enabled && !after.enabled
            }
            Change::Replace { after: record, .. } | Change::Remove(record) => {
                matches!(record, Record::User(_) | Record::Group(_))
            }
            Change::Add(_) => false,
        }
    }

    /// Puts a record in, or over the one with the same key, without checking it: for records that
    /// come from the store.
    pub fn put(&mut self, record: Record) {
        match record {
            Record::User(user) => {
                if let Some(old) = self.users.get(&user.id) {
                    self.user_by_email.remove(&old.email);
                }
                self.user_by_email.insert(user.email.clone(), user.id);
                insert(&mut self.users, user.id, user);
            }
            Record::Group(group) => {
                if let Some(old) = self.groups.get(&group.id) {
                    self.group_by_name.remove(&lower(&old.name));
                }
                self.group_by_name.insert(lower(&group.name), group.id);
                insert(&mut self.groups, group.id, group);
            }
            Record::Connection(connection) => {
                let paths = &mut self.connection_by_path;
                if let Some(old) = self.connections.get(&connection.id) {
                    paths.remove(&old.path);
                }
                paths.insert(connection.path.clone(), connection.id);
                insert(&mut self.connections, connection.id, connection);
            }
            Record::Identity(it) => {
                let key = (it.issuer.clone(), it.subject.clone());
                if let Some(old) = self.identities.get(&key) {
                    self.identities_by_user.take(&old.user, &key);
                }
                self.identities_by_user.add(it.user, key.clone());
                insert(&mut self.identities, key, it);
            }
            Record::Membership(it) => {
                let key = (it.user, it.group, it.source.clone());
                if !self.memberships.contains_key(&key) {
                    self.groups_by_user.add(it.user, it.group);
                }
                insert(&mut self.memberships, key, it);
            }
            Record::Tenant(it) => insert(&mut self.tenants, it.id.clone(), it),
            Record::TenantAdmin(it) => {
                let key = (it.tenant.clone(), it.user);
                if !self.tenant_admins.contains_key(&key) {
                    self.tenants_by_admin.add(it.user, it.tenant.clone());
                }
                insert(&mut self.tenant_admins, key, it);
            }
            Record::Server(it) => insert(&mut self.servers, it.id.clone(), it),
            Record::Credential(it) => {
                insert(&mut self.credentials, (it.connection, it.placement.clone()), it);
            }
            Record::Grant(grant) => {
                let meanings = &mut self.grant_by_meaning;
                if let Some(old) = self.grants.get(&grant.id) {
                    meanings.remove(&meaning(old));
                }
                meanings.insert(meaning(&grant), grant.id);
                insert(&mut self.grants, grant.id, grant);
            }
            Record::Key(it) => insert(&mut self.keys, it.id.clone(), it),
            Record::Provider(it) => insert(&mut self.providers, it.id.clone(), it),
            Record::ClaimMapping(it) => insert(&mut self.claim_mappings, it.id, it),
            Record::HostRule(it) => insert(&mut self.host_rules, it.id, it),
        }
    }

    fn take(&mut self, record: &Record) {
        match record {
            Record::User(user) => {
                self.user_by_email.remove(&user.email);
                self.users.remove(&user.id);
            }
            Record::Group(group) => {
                self.group_by_name.remove(&lower(&group.name));
                self.groups.remove(&group.id);
            }
            Record::Connection(connection) => {
                self.connection_by_path.remove(&connection.path);
                self.connections.remove(&connection.id);
            }
            Record::Identity(it) => {
                let key = (it.issuer.clone(), it.subject.clone());
                self.identities_by_user.take(&it.user, &key);
                self.identities.remove(&key);
            }
            Record::Membership(it) => {
                if self.memberships.remove(&(it.user, it.group, it.source.clone())).is_some() {
                    self.groups_by_user.take(&it.user, &it.group);
                }
            }
            Record::Tenant(it) => drop(self.tenants.remove(&it.id)),
            Record::TenantAdmin(it) => {
                if self.tenant_admins.remove(&(it.tenant.clone(), it.user)).is_some() {
                    self.tenants_by_admin.take(&it.user, &it.tenant);
                }
            }
            Record::Server(it) => drop(self.servers.remove(&it.id)),
            Record::Credential(it) => {
                self.credentials.remove(&(it.connection, it.placement.clone()));
            }
            Record::Grant(grant) => {
                self.grant_by_meaning.remove(&meaning(grant));
                self.grants.remove(&grant.id);
            }
            Record::Key(it) => drop(self.keys.remove(&it.id)),
            Record::Provider(it) => drop(self.providers.remove(&it.id)),
            Record::ClaimMapping(it) => drop(self.claim_mappings.remove(&it.id)),
            Record::HostRule(it) => drop(self.host_rules.remove(&it.id)),
        }
    }

    /// The record with the same key, as it is now.
    pub fn current(&self, record: &Record) -> Option<Record> {
        fn get<K: Hash + Eq, V: Clone + Into<Record>>(
            table: &Table<K, V>,
            key: &K,
        ) -> Option<Record> {
            table.get(key).map(|record| record.as_ref().clone().into())
        }
        match record {
            Record::User(it) => get(&self.users, &it.id),
            Record::Identity(it) => get(&self.identities, &(it.issuer.clone(), it.subject.clone())),
            Record::Group(it) => get(&self.groups, &it.id),
            Record::Membership(it) => {
                get(&self.memberships, &(it.user, it.group, it.source.clone()))
            }
            Record::Tenant(it) => get(&self.tenants, &it.id),
            Record::TenantAdmin(it) => get(&self.tenant_admins, &(it.tenant.clone(), it.user)),
            Record::Server(it) => get(&self.servers, &it.id),
            Record::Connection(it) => get(&self.connections, &it.id),
            Record::Credential(it) => {
                get(&self.credentials, &(it.connection, it.placement.clone()))
            }
            Record::Grant(it) => get(&self.grants, &it.id),
            Record::Key(it) => get(&self.keys, &it.id),
            Record::Provider(it) => get(&self.providers, &it.id),
            Record::ClaimMapping(it) => get(&self.claim_mappings, &it.id),
            Record::HostRule(it) => get(&self.host_rules, &it.id),
        }
    }

    /// Applies one change.
    ///
    /// # Errors
    /// The rule it breaks; then nothing has changed.
    pub fn apply(&mut self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::Add(record) => {
                if self.current(record).is_some() {
                    return Err(Refusal::exists(record.kind(), self.label(record)));
                }
                self.check(record)?;
                self.put(record.clone());
            }
            Change::Replace { before, after } => {
                self.check_unchanged(before)?;
                self.check(after)?;
                change::stays_revoked(before, after)?;
                self.put(after.clone());
            }
            Change::Remove(record) => {
                self.check_unchanged(record)?;
                if let Some(user) = self.dependents(record).first() {
                    return Err(Refusal::InUse {
                        kind: record.kind(),
                        name: self.label(record),
                        by: format!("{} {}", user.kind(), self.label(user)),
                    });
                }
                self.take(record);
            }
        }
        Ok(())
    }
}

fn insert<K: Hash + Eq + Clone, V>(table: &mut Table<K, V>, key: K, record: V) {
    table.insert(key, Arc::new(record));
}

fn lower(name: &crate::GroupName) -> String {
    name.as_str().to_ascii_lowercase()
}
