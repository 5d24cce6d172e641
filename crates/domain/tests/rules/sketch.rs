//! A small company made of random choices.

use std::collections::{BTreeMap, BTreeSet};

use gatehall_domain::*;
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

pub(crate) const TOOLS: [&str; 5] = ["read_file", "read_mail", "write_file", "delete_repo", "x"];
pub(crate) const USERS: usize = 4;
pub(crate) const GROUPS: [&str; 3] = ["engineers", "sales", GroupName::ADMIN];
pub(crate) const TENANTS: [&str; 3] = ["google", "microsoft", "github"];
pub(crate) const SERVERS: [&str; 3] = ["files", "issues", "clock"];

pub(crate) fn at(number: i64) -> Timestamp {
    Timestamp::from_micros(number)
}
fn id(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128(kind << 64 | number as u128)
}
pub(crate) fn user_id(number: usize) -> UserId {
    UserId(id(1, number))
}
pub(crate) fn group_id(number: usize) -> GroupId {
    GroupId(id(2, number))
}
pub(crate) fn connection_id(number: usize) -> ConnectionId {
    ConnectionId(id(3, number))
}
/// Nine connections of tenants, then three of no tenant.
pub(crate) fn connection_path(number: usize) -> ConnectionPath {
    let tenant = (number < 9).then(|| TENANTS[number / 3].parse().unwrap());
    ConnectionPath { tenant, server: SERVERS[number % 3].parse().unwrap() }
}

/// What may be on or off, and who is where.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    pub(crate) admin: Vec<bool>,
    pub(crate) user_enabled: Vec<bool>,
    pub(crate) group_enabled: Vec<bool>,
    pub(crate) tenant_enabled: Vec<bool>,
    pub(crate) server_enabled: Vec<bool>,
    pub(crate) server_public: Vec<bool>,
    pub(crate) connection_enabled: Vec<bool>,
    pub(crate) members: Vec<(usize, usize)>,
    pub(crate) grants: Vec<GrantSketch>,
    /// The groups that the provider can put somebody in, and since when.
    pub(crate) mapped: Vec<Option<i64>>,
    /// Who has an account at the provider, and when it has said their groups, if it has.
    pub(crate) accounts: Vec<Option<Option<i64>>>,
}

#[derive(Debug, Clone)]
pub(crate) struct GrantSketch {
    pub(crate) subject: usize,
    pub(crate) target: usize,
    pub(crate) tools: Option<&'static str>,
    pub(crate) deny: bool,
}

impl GrantSketch {
    pub(crate) fn record(&self, number: usize) -> Grant {
        let patterns = ["*", "*@google.example", "user1@google.example", "user*@microsoft.example"];
        Grant {
            id: GrantId(id(4, number)),
            subject: match self.subject {
                n @ 0..3 => Subject::Group(group_id(n)),
                n @ 3..7 => Subject::User(user_id(n - 3)),
                n => Subject::Pattern(patterns[n - 7].parse().unwrap()),
            },
            target: match self.target {
                n @ 0..3 => Target::Tenant(TENANTS[n].parse().unwrap()),
                n => Target::Connection(connection_id(n - 3)),
            },
            tools: self.tools.map(|tools| tools.parse().unwrap()),
            effect: if self.deny { Effect::Deny } else { Effect::Allow },
            created_at: at(0),
        }
    }
}

pub(crate) fn grant() -> impl Strategy<Value = GrantSketch> {
    let tools =
        prop_oneof![Just(None), select(vec!["read_*", "delete_*", "*", "x"]).prop_map(Some)];
    (0..11usize, 0..15usize, tools, prop::bool::weighted(0.25))
        .prop_map(|(subject, target, tools, deny)| GrantSketch { subject, target, tools, deny })
}

pub(crate) fn sketch() -> impl Strategy<Value = Sketch> {
    let mostly = |n| vec(prop::bool::weighted(0.85), n);
    let rarely = |n| vec(prop::bool::weighted(0.15), n);
    (
        (rarely(USERS), mostly(USERS), mostly(3), mostly(3), mostly(3), rarely(3), mostly(12)),
        vec((0..USERS, 0..3usize), 0..6),
        vec(grant(), 0..8),
        vec(prop::option::of(0..4i64), 3),
        vec(prop::option::of(prop::option::of(0..4i64)), USERS),
    )
        .prop_map(|(flags, members, grants, mapped, accounts)| {
            let (
                admin,
                user_enabled,
                group_enabled,
                tenant_enabled,
                server_enabled,
                server_public,
                connection_enabled,
            ) = flags;
            Sketch {
                admin,
                user_enabled,
                group_enabled,
                tenant_enabled,
                server_enabled,
                server_public,
                connection_enabled,
                members,
                grants,
                mapped,
                accounts,
            }
        })
}

impl Sketch {
    /// Everything enabled, and nobody in any group or with any right.
    pub(crate) fn plain() -> Self {
        Self {
            admin: vec![false; 4],
            user_enabled: vec![true; 4],
            group_enabled: vec![true; 3],
            tenant_enabled: vec![true; 3],
            server_enabled: vec![true; 3],
            server_public: vec![false; 3],
            connection_enabled: vec![true; 12],
            members: vec![],
            grants: vec![],
            mapped: vec![None; 3],
            accounts: vec![None; 4],
        }
    }

    pub(crate) fn company(&self) -> Company {
        let mut company = Company::default();
        let mut put = |record: Record| company.put(record);
        for n in 0..USERS {
            let domain = ["google", "microsoft"][n % 2];
            let email = format!("user{n}@{domain}.example").parse().unwrap();
            put(User {
                id: user_id(n),
                email,
                name: String::new(),
                admin: self.admin[n],
                enabled: self.user_enabled[n],
                created_at: at(0),
            }
            .into());
        }
        for (n, name) in GROUPS.iter().enumerate() {
            put(Group {
                id: group_id(n),
                name: name.parse().unwrap(),
                description: String::new(),
                enabled: self.group_enabled[n],
                created_at: at(0),
            }
            .into());
        }
        for (n, name) in TENANTS.iter().enumerate() {
            put(Tenant {
                id: name.parse().unwrap(),
                name: String::new(),
                description: String::new(),
                enabled: self.tenant_enabled[n],
                created_at: at(0),
            }
            .into());
        }
        for (n, name) in SERVERS.iter().enumerate() {
            let transport = Transport::Stdio {
                command: "true".into(),
                arguments: vec![],
                environment: BTreeMap::new(),
                credential_variables: BTreeSet::new(),
            };
            let access =
                if self.server_public[n] { AccessClass::Public } else { AccessClass::Granted };
            put(Server {
                id: name.parse().unwrap(),
                name: String::new(),
                description: String::new(),
                transport,
                access,
                stateful: false,
                tier: String::new(),
                enabled: self.server_enabled[n],
                created_at: at(0),
            }
            .into());
        }
        for n in 0..12 {
            put(Connection {
                id: connection_id(n),
                path: connection_path(n),
                url: None,
                limits: Limits::default(),
                enabled: self.connection_enabled[n],
                created_at: at(0),
            }
            .into());
        }
        for (user, group) in &self.members {
            put(Membership {
                user: user_id(*user),
                group: group_id(*group),
                source: Source::Local,
                created_at: at(0),
            }
            .into());
        }
        let provider: ProviderId = "id".parse().unwrap();
        put(Provider {
            id: provider.clone(),
            name: String::new(),
            profile: Profile::Generic,
            issuer: "https://id.example".parse().unwrap(),
            client_id: "gatehall".into(),
            client_secret: None,
            settings: Box::default(),
            enabled: true,
            created_at: at(0),
        }
        .into());
        for (n, since) in self.mapped.iter().enumerate() {
            let Some(since) = since else { continue };
            put(ClaimMapping {
                id: ClaimMappingId(id(5, n)),
                provider: provider.clone(),
                tenant_id: None,
                claim: "groups".into(),
                value: GROUPS[n].into(),
                group: group_id(n),
                created_at: at(*since),
            }
            .into());
        }
        for (n, account) in self.accounts.iter().enumerate() {
            let Some(said) = account else { continue };
            put(Identity {
                issuer: "https://id.example".into(),
                subject: n.to_string(),
                user: user_id(n),
                stale: said.is_none(),
                claims_said: said
                    .map(|time| ("id:groups".parse().unwrap(), at(time)))
                    .into_iter()
                    .collect(),
                by_address: false,
                created_at: at(0),
            }
            .into());
        }
        for (n, grant) in self.grants.iter().enumerate() {
            put(grant.record(n).into());
        }
        company
    }

    /// Whether a user may be in a group for all that is known.
    pub(crate) fn may_be_in(&self, user: usize, group: usize) -> bool {
        let account = self.accounts[user];
        account.is_some_and(|said| self.mapped[group].is_some_and(|since| said < Some(since)))
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::new(1, self.company())
    }
}

pub(crate) fn caller(user: usize) -> Caller {
    Caller { user: Some(user_id(user)), door: Door::PersonalKey, key: None, tenant: None }
}
