//! Records as they are shown: by names, and with what belongs to them.

mod doors;

use std::collections::{BTreeMap, HashMap};

use gatehall_domain::{
    ClaimSaid, Company, Connection, Grant, Group, Key, KeyId, Placement, SecretSource, Server,
    Snapshot, Source, Subject, Target, Tenant, TenantId, Timestamp, Transport, User,
};
use serde::Serialize;

pub use doors::{HostRuleShow, ProviderShow, host_rules, providers};

/// A user.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in User")]
pub struct UserShow {
    pub email: String,
    pub name: String,
    pub admin: bool,
    pub enabled: bool,
    pub created_at: Timestamp,
    pub groups: Vec<MembershipShow>,
    pub accounts: Vec<AccountShow>,
    /// Claims about groups that were not said of the user yet, so that what is denied to a group that
    /// they can put the user in is denied to the user.
    pub claims_unsaid: Vec<ClaimSaid>,
}

/// An account at a provider that is this user.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Identity")]
pub struct AccountShow {
    pub issuer: String,
    pub subject: String,
    /// Set while the provider cannot say the user's groups, so that the last known ones stay.
    pub stale: bool,
    /// The claims about groups that its provider has said at least once, as `provider:claim`.
    pub claims_said: Vec<ClaimSaid>,
    /// Set if the account was bound because it has the user's address, and not by hand.
    pub by_address: bool,
    pub created_at: Timestamp,
}

/// A user's place in a group.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Membership")]
pub struct MembershipShow {
    pub group: String,
    pub source: Source,
    pub created_at: Timestamp,
}

/// A group.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Group")]
pub struct GroupShow {
    pub name: String,
    pub description: String,
    pub enabled: bool,
    pub members: Vec<String>,
    pub grants: Vec<String>,
}

/// A tenant.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Tenant")]
pub struct TenantShow {
    pub id: String,
    pub name: String,
    pub description: String,
    pub enabled: bool,
    /// Who manages it.
    pub admins: Vec<String>,
    pub connections: Vec<String>,
    pub grants: Vec<String>,
}

/// A server.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Server")]
pub struct ServerShow {
    pub id: String,
    pub name: String,
    pub description: String,
    pub transport: Transport,
    pub access: &'static str,
    pub stateful: bool,
    pub tier: String,
    pub enabled: bool,
    pub connections: Vec<String>,
}

/// A connection.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Connection")]
pub struct ConnectionShow {
    pub path: String,
    pub tenant: Option<String>,
    pub server: String,
    pub url: Option<String>,
    pub timeout_seconds: Option<u32>,
    pub concurrent_calls: Option<u32>,
    pub enabled: bool,
    /// What the public names of its tools begin with.
    pub prefix: String,
    pub credentials: Vec<CredentialShow>,
    pub grants: Vec<String>,
}

/// A credential, without its secret.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Credential")]
pub struct CredentialShow {
    pub placement: Placement,
    /// `sealed`, or `environment variable NAME`.
    pub secret: String,
}

/// A grant.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Grant")]
pub struct GrantShow {
    pub id: String,
    pub subject: String,
    pub target: String,
    pub tools: Option<String>,
    pub effect: &'static str,
    pub created_at: Timestamp,
}

/// A key, without its secret.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "as in Key")]
pub struct KeyShow {
    pub id: String,
    pub name: String,
    /// The user's address; none for a service key.
    pub user: Option<String>,
    pub tenant: Option<String>,
    pub manage: bool,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

/// All users, by address.
pub fn users(snapshot: &Snapshot) -> Vec<UserShow> {
    let company = snapshot.company();
    let mut groups: HashMap<_, Vec<MembershipShow>> = HashMap::new();
    for membership in company.memberships.values() {
        groups.entry(membership.user).or_default().push(MembershipShow {
            group: company.group_label(membership.group),
            source: membership.source.clone(),
            created_at: membership.created_at,
        });
    }
    let mut accounts: HashMap<_, Vec<AccountShow>> = HashMap::new();
    for identity in company.identities.values() {
        accounts.entry(identity.user).or_default().push(AccountShow {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            stale: identity.stale,
            claims_said: identity.claims_said.keys().cloned().collect(),
            by_address: identity.by_address,
            created_at: identity.created_at,
        });
    }
    let show = |user: &User| {
        let mut accounts = accounts.remove(&user.id).unwrap_or_default();
        accounts.sort_by(|a, b| a.issuer.cmp(&b.issuer));
        let mut groups = groups.remove(&user.id).unwrap_or_default();
        groups.sort_by(|a, b| a.group.cmp(&b.group));
        UserShow {
            email: user.email.to_string(),
            name: user.name.clone(),
            admin: user.admin,
            enabled: user.enabled,
            created_at: user.created_at,
            groups,
            accounts,
            claims_unsaid: snapshot.claims_unsaid(user.id).to_vec(),
        }
    };
    sorted(company.users.values().map(AsRef::as_ref).map(show), |it| it.email.clone())
}

/// All groups, by name.
pub fn groups(company: &Company) -> Vec<GroupShow> {
    let mut members: HashMap<_, Vec<String>> = HashMap::new();
    for membership in company.memberships.values() {
        members.entry(membership.group).or_default().push(company.user_label(membership.user));
    }
    let show = |group: &Group| {
        let mut members = members.remove(&group.id).unwrap_or_default();
        members.sort();
        members.dedup();
        GroupShow {
            name: group.name.to_string(),
            description: group.description.clone(),
            enabled: group.enabled,
            members,
            grants: sentences(company, |grant| grant.subject == Subject::Group(group.id)),
        }
    };
    sorted(company.groups.values().map(AsRef::as_ref).map(show), |it| it.name.clone())
}

/// All tenants, by id.
pub fn tenants(company: &Company) -> Vec<TenantShow> {
    let show = |tenant: &Tenant| {
        let own = |path: &gatehall_domain::ConnectionPath| path.tenant.as_ref() == Some(&tenant.id);
        TenantShow {
            id: tenant.id.to_string(),
            name: tenant.name.clone(),
            description: tenant.description.clone(),
            enabled: tenant.enabled,
            admins: admins_of(company, &tenant.id),
            connections: paths(company, |it| own(&it.path)),
            grants: sentences(company, |grant| match &grant.target {
                Target::Tenant(id) => *id == tenant.id,
                Target::Connection(id) => {
                    company.connections.get(id).is_some_and(|it| own(&it.path))
                }
            }),
        }
    };
    sorted(company.tenants.values().map(AsRef::as_ref).map(show), |it| it.id.clone())
}

/// All servers, by id.
pub fn servers(company: &Company) -> Vec<ServerShow> {
    let show = |server: &Server| ServerShow {
        id: server.id.to_string(),
        name: server.name.clone(),
        description: server.description.clone(),
        transport: server.transport.clone(),
        access: server.access.as_str(),
        stateful: server.stateful,
        tier: server.tier.clone(),
        enabled: server.enabled,
        connections: paths(company, |it| it.path.server == server.id),
    };
    sorted(company.servers.values().map(AsRef::as_ref).map(show), |it| it.id.clone())
}

/// All connections, by path.
pub fn connections(company: &Company) -> Vec<ConnectionShow> {
    let mut credentials: BTreeMap<_, Vec<CredentialShow>> = BTreeMap::new();
    for credential in company.credentials.values() {
        credentials.entry(credential.connection).or_default().push(CredentialShow {
            placement: credential.placement.clone(),
            secret: match &credential.secret {
                SecretSource::Sealed(_) => "sealed".to_owned(),
                SecretSource::Environment(name) => format!("environment variable {name}"),
            },
        });
    }
    let show = |connection: &Connection| ConnectionShow {
        path: connection.path.to_string(),
        tenant: connection.path.tenant.as_ref().map(ToString::to_string),
        server: connection.path.server.to_string(),
        url: connection.url.as_ref().map(ToString::to_string),
        timeout_seconds: connection.limits.timeout_seconds,
        concurrent_calls: connection.limits.concurrent_calls,
        enabled: connection.enabled,
        prefix: connection.path.prefix(),
        credentials: credentials.remove(&connection.id).unwrap_or_default(),
        grants: sentences(company, |grant| match &grant.target {
            Target::Tenant(id) => connection.path.tenant.as_ref() == Some(id),
            Target::Connection(id) => *id == connection.id,
        }),
    };
    sorted(company.connections.values().map(AsRef::as_ref).map(show), |it| it.path.clone())
}

/// All grants, by what they mean.
pub fn grants(company: &Company) -> Vec<GrantShow> {
    let show = |grant: &Grant| GrantShow {
        id: grant.id.to_string(),
        subject: company.subject_label(&grant.subject),
        target: company.target_label(&grant.target),
        tools: grant.tools.as_ref().map(ToString::to_string),
        effect: grant.effect.as_str(),
        created_at: grant.created_at,
    };
    let key = |it: &GrantShow| (it.target.clone(), it.subject.clone(), it.tools.clone());
    sorted(company.grants.values().map(AsRef::as_ref).map(show), key)
}

/// All keys, the newest first.
pub fn keys(company: &Company, uses: &HashMap<KeyId, Timestamp>) -> Vec<KeyShow> {
    let show = |key: &Key| KeyShow {
        id: key.id.to_string(),
        name: key.name.clone(),
        user: key.user.map(|user| company.user_label(user)),
        tenant: key.tenant.as_ref().map(ToString::to_string),
        manage: key.manage,
        created_at: key.created_at,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        last_used_at: uses.get(&key.id).copied(),
    };
    let newest = |it: &KeyShow| (std::cmp::Reverse(it.created_at), it.id.clone());
    sorted(company.keys.values().map(AsRef::as_ref).map(show), newest)
}

fn sorted<T, K: Ord>(shown: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut shown: Vec<T> = shown.collect();
    shown.sort_by_cached_key(key);
    shown
}

/// The addresses of those who manage a tenant.
pub fn admins_of(company: &Company, tenant: &TenantId) -> Vec<String> {
    let own = company.tenant_admins.keys().filter(|(it, _)| it == tenant);
    sorted(own.map(|(_, user)| company.user_label(*user)), String::clone)
}

fn sentences(company: &Company, wanted: impl Fn(&Grant) -> bool) -> Vec<String> {
    let wanted = company.grants.values().filter(|grant| wanted(grant));
    sorted(wanted.map(|grant| company.grant_label(grant)), String::clone)
}

fn paths(company: &Company, wanted: impl Fn(&Connection) -> bool) -> Vec<String> {
    let wanted = company.connections.values().filter(|it| wanted(it));
    sorted(wanted.map(|it| it.path.to_string()), String::clone)
}
