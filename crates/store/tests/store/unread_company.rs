//! A company in which something is denied in every way.

use gatehall_domain::*;
use uuid::Uuid;

use crate::sample::{at, every_kind, group, tenant, user};

/// The account of a user.
pub(crate) fn identity_of(user: &User) -> (String, String) {
    ("https://id.example".into(), user.email.to_string())
}

fn numbered<R>(number: u128, mut record: R, id: impl Fn(&mut R) -> &mut Uuid) -> R {
    *id(&mut record) = Uuid::from_u128(number);
    record
}

/// The same each time: Alice is a contractor, Off is disabled, Eve is of a domain to which
/// something is denied, Ada is an administrator by her group; all, with Bob, are engineers.
pub(crate) fn company() -> Vec<Record> {
    let people: Vec<User> =
        ["alice@x.example", "bob@x.example", "off@x.example", "eve@evil.example", "ada@x.example"]
            .into_iter()
            .zip(1..)
            .map(|(email, number)| {
                let enabled = !email.starts_with("off");
                numbered(number, User { enabled, ..user(email) }, |it| &mut it.id.0)
            })
            .collect();
    let groups: Vec<Group> = ["engineers", "contractors", "closed", GroupName::ADMIN]
        .into_iter()
        .zip(11..)
        .map(|(name, number)| {
            let enabled = name != "closed";
            numbered(number, Group { enabled, ..group(name) }, |it| &mut it.id.0)
        })
        .collect();
    let [engineers, contractors, closed, admins] = [0, 1, 2, 3].map(|at: usize| groups[at].id);
    let [alice, bob, _, eve, ada] = [0, 1, 2, 3, 4].map(|at: usize| people[at].id);
    let server = |id: &str| Server {
        id: id.parse().unwrap(),
        name: String::new(),
        description: String::new(),
        transport: Transport::StreamableHttp { url: "http://files.example/mcp".parse().unwrap() },
        access: AccessClass::Granted,
        stateful: false,
        tier: String::new(),
        enabled: true,
        created_at: at(1),
    };
    let connection = |number, path: &str| Connection {
        id: ConnectionId(Uuid::from_u128(number)),
        path: path.parse().unwrap(),
        url: None,
        limits: Limits::default(),
        enabled: true,
        created_at: at(1),
    };
    let (google, microsoft) = (connection(21, "google/files"), connection(22, "microsoft/files"));
    let other = Connection { enabled: false, ..connection(23, "google/other") };
    let mut number = 30;
    let mut grant = |subject, target, tools: Option<&str>, effect| {
        number += 1;
        Record::from(Grant {
            id: GrantId(Uuid::from_u128(number)),
            subject,
            target,
            tools: tools.map(|tools| tools.parse().unwrap()),
            effect,
            created_at: at(1),
        })
    };
    let of = |tenant: &str| Target::Tenant(tenant.parse().unwrap());
    let pattern = |text: &str| Subject::Pattern(text.parse().unwrap());
    let (allow, deny) = (Effect::Allow, Effect::Deny);
    let grants = vec![
        grant(Subject::Group(engineers), of("google"), None, allow),
        grant(Subject::Group(engineers), of("microsoft"), None, allow),
        grant(pattern("*@fine.example"), of("google"), None, allow),
        grant(Subject::Group(closed), of("google"), Some("read_*"), deny),
        grant(Subject::Group(contractors), Target::Connection(microsoft.id), Some("write_*"), deny),
        grant(Subject::User(alice), Target::Connection(google.id), None, deny),
        grant(pattern("*@evil.example"), of("google"), None, deny),
    ];
    let member =
        |user, group, source| Record::from(Membership { user, group, source, created_at: at(1) });
    let mut memberships: Vec<Record> =
        people.iter().map(|it| member(it.id, engineers, Source::Local)).collect();
    memberships.extend([
        member(alice, contractors, Source::Import),
        member(eve, closed, Source::Local),
        member(ada, admins, Source::Local),
    ]);
    let sample = every_kind();
    let provider = sample.iter().find_map(|it| match it {
        Record::Provider(it) => Some(it.clone()),
        _ => None,
    });
    let provider = provider.unwrap();
    let identities = people.iter().take(1).map(|it| {
        let (issuer, subject) = identity_of(it);
        let user = it.id;
        Record::from(Identity {
            issuer,
            subject,
            user,
            stale: false,
            claims_said: Default::default(),
            by_address: false,
            created_at: at(1),
        })
    });
    let identities: Vec<Record> = identities.collect();
    let rule = |number, path: &str, admit| {
        Record::from(HostRule {
            id: HostRuleId(Uuid::from_u128(number)),
            host: "app.example.com".parse().unwrap(),
            path: path.parse().unwrap(),
            admit,
            created_at: at(1),
        })
    };
    let key = Key {
        id: "abcdef0123456789".parse().unwrap(),
        name: "bob's".into(),
        user: Some(bob),
        tenant: Some("google".parse().unwrap()),
        digest: Digest([7; 32]),
        created_at: at(1),
        expires_at: None,
        manage: false,
        revoked_at: Some(at(2)),
    };
    let credential = Credential {
        connection: google.id,
        placement: "header:authorization:Bearer".parse().unwrap(),
        secret: SecretSource::Sealed(Ciphertext(vec![1].into())),
        expires_at: None,
        created_at: at(1),
    };
    let mapping = ClaimMapping {
        id: ClaimMappingId(Uuid::from_u128(51)),
        provider: provider.id.clone(),
        tenant_id: None,
        claim: "roles".into(),
        value: "Contractor".into(),
        group: contractors,
        created_at: at(1),
    };
    let admin = TenantAdmin { tenant: "google".parse().unwrap(), user: bob, created_at: at(1) };
    let mut records: Vec<Record> = vec![
        tenant("google").into(),
        tenant("microsoft").into(),
        server("files").into(),
        server("other").into(),
        google.into(),
        microsoft.into(),
        other.into(),
        credential.into(),
        provider.into(),
    ];
    records.extend(people.into_iter().map(Record::from));
    records.extend(groups.into_iter().map(Record::from));
    records.extend(memberships);
    records.extend(identities);
    records.extend(grants);
    records.extend([
        key.into(),
        mapping.into(),
        admin.into(),
        rule(61, "/", Admit::SignedIn),
        rule(62, "/admin/", Admit::Groups(vec![engineers])),
    ]);
    records
}
