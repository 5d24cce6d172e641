//! The rules that every record obeys.

use crate::{
    Admit, Company, Connection, ConnectionId, Grant, Key, Membership, Record, Refusal, Source,
    Subject, Target, TenantId, Transport, UserId, company::Table, names,
};

impl Company {
    /// Checks that a record fits beside the others.
    pub(super) fn check(&self, record: &Record) -> Result<(), Refusal> {
        check_texts(record)?;
        self.set_aside.check(record)?;
        match record {
            Record::User(user) => match self.user_by_email(&user.email) {
                Some(other) if other.id != user.id => Err(Refusal::exists("user", &user.email)),
                _ => Ok(()),
            },
            Record::Identity(identity) => {
                self.need_user(identity.user)?;
                match self.subject_of(identity.user, &identity.issuer) {
                    Some(other) if other != identity.subject => {
                        let whose = self.user_label(identity.user);
                        Err(Refusal::exists("identity", format!("{} of {whose}", identity.issuer)))
                    }
                    _ => Ok(()),
                }
            }
            Record::Group(group) => match self.group_by_name(group.name.as_str()) {
                Some(other) if other.id != group.id => Err(Refusal::exists("group", &group.name)),
                _ => Ok(()),
            },
            Record::Membership(membership) => self.check_membership(membership),
            Record::Tenant(tenant) => {
                let same = |other: &TenantId| {
                    *other != tenant.id && other.as_str().eq_ignore_ascii_case(tenant.id.as_str())
                };
                match self.tenants.keys().find(|other| same(other)) {
                    Some(other) => Err(Refusal::exists("tenant", other)),
                    None => Ok(()),
                }
            }
            Record::TenantAdmin(it) => {
                self.need_tenant(&it.tenant)?;
                self.need_user(it.user)
            }
            Record::Server(server) => self.check_server(server),
            Record::Connection(connection) => self.check_connection(connection),
            Record::Credential(credential) => self.check_credential(credential),
            Record::Grant(grant) => self.check_grant(grant),
            Record::Key(key) => self.check_key(key),
            Record::Provider(provider) => self.check_provider(provider),
            Record::ClaimMapping(mapping) => self.check_claim_mapping(mapping),
            Record::HostRule(rule) => self.check_host_rule(rule),
        }
    }

    /// Checks that nobody changed the record since it was read.
    pub(super) fn check_unchanged(&self, before: &Record) -> Result<(), Refusal> {
        match self.current(before) {
            None => Err(Refusal::missing(before.kind(), self.label(before))),
            Some(current) if current != *before => {
                Err(Refusal::Changed { kind: before.kind(), name: self.label(before) })
            }
            Some(_) => Ok(()),
        }
    }

    /// The records that cannot be without this one.
    pub fn dependents(&self, record: &Record) -> Vec<Record> {
        let mut found = Vec::new();
        match record {
            Record::User(user) => {
                let subject = Subject::User(user.id);
                collect(&mut found, &self.identities, |it| it.user == user.id);
                collect(&mut found, &self.memberships, |it| it.user == user.id);
                collect(&mut found, &self.keys, |it| it.user == Some(user.id));
                collect(&mut found, &self.grants, |it| it.subject == subject);
                collect(&mut found, &self.tenant_admins, |it| it.user == user.id);
            }
            Record::Group(group) => {
                let subject = Subject::Group(group.id);
                collect(&mut found, &self.memberships, |it| it.group == group.id);
                collect(&mut found, &self.grants, |it| it.subject == subject);
                collect(&mut found, &self.claim_mappings, |it| it.group == group.id);
                collect(
                    &mut found,
                    &self.host_rules,
                    |it| matches!(&it.admit, Admit::Groups(groups) if groups.contains(&group.id)),
                );
            }
            Record::Provider(provider) => {
                let source = Source::Claim(provider.id.to_string());
                collect(&mut found, &self.claim_mappings, |it| it.provider == provider.id);
                collect(&mut found, &self.memberships, |it| it.source == source);
            }
            Record::Tenant(tenant) => {
                let id = Some(&tenant.id);
                let target = Target::Tenant(tenant.id.clone());
                collect(&mut found, &self.connections, |it| it.path.tenant.as_ref() == id);
                collect(&mut found, &self.grants, |it| it.target == target);
                collect(&mut found, &self.keys, |it| it.tenant.as_ref() == id);
                collect(&mut found, &self.tenant_admins, |it| it.tenant == tenant.id);
            }
            Record::Server(server) => {
                collect(&mut found, &self.connections, |it| it.path.server == server.id);
            }
            Record::Connection(connection) => {
                let target = Target::Connection(connection.id);
                collect(&mut found, &self.credentials, |it| it.connection == connection.id);
                collect(&mut found, &self.grants, |it| it.target == target);
            }
            Record::Identity(_)
            | Record::Membership(_)
            | Record::TenantAdmin(_)
            | Record::Credential(_)
            | Record::Grant(_)
            | Record::Key(_)
            | Record::ClaimMapping(_)
            | Record::HostRule(_) => {}
        }
        found
    }

    fn need_user(&self, id: UserId) -> Result<(), Refusal> {
        if self.users.contains_key(&id) { Ok(()) } else { Err(Refusal::missing("user", id)) }
    }

    fn need_tenant(&self, id: &TenantId) -> Result<(), Refusal> {
        if self.tenants.contains_key(id) { Ok(()) } else { Err(Refusal::missing("tenant", id)) }
    }

    pub(super) fn need_connection(&self, id: ConnectionId) -> Result<&Connection, Refusal> {
        let found = self.connections.get(&id).ok_or_else(|| Refusal::missing("connection", id))?;
        Ok(found)
    }

    fn check_membership(&self, membership: &Membership) -> Result<(), Refusal> {
        self.need_user(membership.user)?;
        if !self.groups.contains_key(&membership.group) {
            return Err(Refusal::missing("group", membership.group));
        }
        Ok(())
    }

    fn check_connection(&self, connection: &Connection) -> Result<(), Refusal> {
        if let Some(tenant) = &connection.path.tenant {
            self.need_tenant(tenant)?;
        }
        let server = self
            .servers
            .get(&connection.path.server)
            .ok_or_else(|| Refusal::missing("server", &connection.path.server))?;
        if connection.url.is_some() && matches!(server.transport, Transport::Stdio { .. }) {
            return Err(Refusal::invalid("url", "a stdio server has no address: leave it out"));
        }
        self.check_tenant_named(connection, server)?;
        let limits = connection.limits;
        for (name, limit) in [
            ("timeout_seconds", limits.timeout_seconds),
            ("concurrent_calls", limits.concurrent_calls),
        ] {
            if limit == Some(0) {
                return Err(Refusal::invalid(
                    name,
                    "must be 1 or more; leave it empty for the default",
                ));
            }
        }
        match self.connection_by_path(&connection.path) {
            Some(other) if other.id != connection.id => {
                return Err(Refusal::exists("connection", &connection.path));
            }
            _ => {}
        }
        self.check_prefix(connection)
    }

    /// Two connections must never publish tools under one name. Within a tenant only equal
    /// beginnings are refused; between tenants also one that begins with the other, so that no
    /// upstream can name a tool into another tenant.
    fn check_prefix(&self, connection: &Connection) -> Result<(), Refusal> {
        let own = connection.path.prefix();
        if let Some(reserved) = names::reserved(&own) {
            return Err(Refusal::invalid(
                "server id",
                format!(
                    "names that begin with \"{reserved}\" are Gatehall's own: choose another ID"
                ),
            ));
        }
        let clashes = |other: &&Connection| {
            let theirs = other.path.prefix();
            let apart = connection.path.tenant != other.path.tenant;
            own == theirs || apart && (own.starts_with(&theirs) || theirs.starts_with(&own))
        };
        let others = self.connections.values().map(AsRef::as_ref);
        let others = others.filter(|other| other.id != connection.id);
        match others.filter(clashes).min_by(|a, b| a.path.cmp(&b.path)) {
            None => Ok(()),
            Some(other) => Err(Refusal::NameClash {
                first: other.path.to_string(),
                second: connection.path.to_string(),
                prefix: own.clone().max(other.path.prefix()),
            }),
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), Refusal> {
        match &grant.subject {
            Subject::Group(group) if !self.groups.contains_key(group) => {
                return Err(Refusal::missing("group", group));
            }
            Subject::User(user) => self.need_user(*user)?,
            Subject::Group(_) | Subject::Pattern(_) => {}
        }
        match &grant.target {
            Target::Tenant(tenant) => self.need_tenant(tenant)?,
            Target::Connection(connection) => {
                self.need_connection(*connection)?;
            }
        }
        match self.equal_grant(grant) {
            Some(other) if other.id != grant.id => {
                Err(Refusal::exists("grant", self.grant_label(grant)))
            }
            _ => Ok(()),
        }
    }

    fn check_key(&self, key: &Key) -> Result<(), Refusal> {
        if let Some(user) = key.user {
            self.need_user(user)?;
        }
        if key.manage && (key.user.is_none() || key.tenant.is_some()) {
            return Err(Refusal::invalid(
                "manage",
                "a key for the management API needs an owner and cannot be limited to a tenant",
            ));
        }
        if let Some(tenant) = &key.tenant {
            self.need_tenant(tenant)?;
        }
        Ok(())
    }
}

/// Longest names and descriptions, in bytes: they stand in lists.
const LONGEST_NAME: usize = 200;
const LONGEST_DESCRIPTION: usize = 2_000;

/// Names that stand for something else in the addresses of pages.
const RESERVED: [&str; 3] = ["add", ".", ".."];

fn check_texts(record: &Record) -> Result<(), Refusal> {
    let (id, name, description) = match record {
        Record::User(it) => ("", it.name.as_str(), ""),
        Record::Group(it) => (it.name.as_str(), "", it.description.as_str()),
        Record::Tenant(it) => (it.id.as_str(), it.name.as_str(), it.description.as_str()),
        Record::Server(it) => (it.id.as_str(), it.name.as_str(), it.description.as_str()),
        Record::Provider(it) => (it.id.as_str(), it.name.as_str(), ""),
        Record::Key(it) => ("", it.name.as_str(), ""),
        _ => return Ok(()),
    };
    if RESERVED.contains(&id) {
        let problem = format!("\"{id}\" stands for something else in addresses: choose another");
        return Err(Refusal::invalid("id", problem));
    }
    if name.contains(char::is_control) {
        return Err(Refusal::invalid("name", "must be one line without control characters"));
    }
    if name.len() > LONGEST_NAME {
        let problem = format!("must have at most {LONGEST_NAME} bytes");
        return Err(Refusal::invalid("name", problem));
    }
    if description.len() > LONGEST_DESCRIPTION {
        let problem = format!("must have at most {LONGEST_DESCRIPTION} bytes");
        return Err(Refusal::invalid("description", problem));
    }
    Ok(())
}

pub(super) fn collect<K, V: Clone + Into<Record>>(
    found: &mut Vec<Record>,
    table: &Table<K, V>,
    wanted: impl Fn(&V) -> bool,
) {
    found.extend(table.values().filter(|it| wanted(it)).map(|it| it.as_ref().clone().into()));
}
