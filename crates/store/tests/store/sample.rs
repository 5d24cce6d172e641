//! One record of each kind.

use std::collections::BTreeMap;

use gatehall_domain::*;
use uuid::Uuid;

pub(crate) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub(crate) fn user(email: &str) -> User {
    User {
        id: UserId(Uuid::now_v7()),
        email: email.parse().unwrap(),
        name: "Alice \u{c4}".into(),
        admin: false,
        enabled: true,
        created_at: at(1),
    }
}

pub(crate) fn group(name: &str) -> Group {
    Group {
        id: GroupId(Uuid::now_v7()),
        name: name.parse().unwrap(),
        description: "d".into(),
        enabled: true,
        created_at: at(2),
    }
}

pub(crate) fn tenant(id: &str) -> Tenant {
    Tenant {
        id: id.parse().unwrap(),
        name: id.into(),
        description: String::new(),
        enabled: true,
        created_at: at(3),
    }
}

/// A company in which every table has a row; tenants google and microsoft.
pub(crate) fn every_kind() -> Vec<Record> {
    let (user, group) = (user("alice@google.example"), group("engineers"));
    let server = Server {
        id: "files".parse().unwrap(),
        name: "Files".into(),
        description: String::new(),
        transport: Transport::Stdio {
            command: "files".into(),
            arguments: vec!["--root".into(), "/srv/{tenant}".into()],
            environment: BTreeMap::from([("PATH".into(), "/bin".into())]),
            credential_variables: ["TOKEN", "OTHER"].map(str::to_owned).into(),
        },
        access: AccessClass::Granted,
        stateful: true,
        tier: "b".into(),
        enabled: true,
        created_at: at(4),
    };
    let connection = |tenant: &str| Connection {
        id: ConnectionId(Uuid::now_v7()),
        path: format!("{tenant}/files").parse().unwrap(),
        url: None,
        limits: Limits { timeout_seconds: Some(9), concurrent_calls: None },
        enabled: true,
        created_at: at(5),
    };
    let (google, microsoft) = (connection("google"), connection("microsoft"));
    let credential = |placement: &str, secret| Credential {
        connection: google.id,
        placement: placement.parse().unwrap(),
        secret,
        expires_at: Some(at(9_000_000)),
        created_at: at(6),
    };
    let grant = |subject, target, tools: Option<&str>, effect| Grant {
        id: GrantId(Uuid::now_v7()),
        subject,
        target,
        tools: tools.map(|tools| tools.parse().unwrap()),
        effect,
        created_at: at(7),
    };
    let provider = Provider {
        id: "entra".parse().unwrap(),
        name: "Entra ID".into(),
        profile: Profile::Entra,
        issuer: "https://login.microsoftonline.com/common/v2.0".parse().unwrap(),
        client_id: "gatehall".into(),
        client_secret: Some(SecretSource::Sealed(Ciphertext(vec![9, 9].into()))),
        settings: Box::new(ProviderSettings {
            tenant_ids: vec!["9188040d-6c67-4c5b-b112-36a304b66dad".into()],
            domains: vec!["google.example".into()],
            ..ProviderSettings::default()
        }),
        enabled: true,
        created_at: at(9),
    };
    let google_id: TenantId = "google".parse().unwrap();
    let key = Key {
        id: "abcdef0123456789".parse().unwrap(),
        name: "laptop".into(),
        user: Some(user.id),
        tenant: Some(google_id.clone()),
        digest: Digest([7; 32]),
        created_at: at(8),
        expires_at: Some(at(9_000_000)),
        manage: false,
        revoked_at: None,
    };
    vec![
        tenant("google").into(),
        tenant("microsoft").into(),
        server.into(),
        google.clone().into(),
        microsoft.clone().into(),
        credential(
            "environment:TOKEN",
            SecretSource::Sealed(Ciphertext(vec![1, 2, 0, 255].into())),
        )
        .into(),
        credential("environment:OTHER", SecretSource::Environment("VARIABLE".into())).into(),
        provider.clone().into(),
        user.clone().into(),
        Identity {
            issuer: "open-webui".into(),
            subject: "s".into(),
            user: user.id,
            stale: true,
            claims_said: [("entra:groups", 7), ("a:https://x/y@z", -1)]
                .map(|(claim, at)| (claim.parse().unwrap(), Timestamp::from_micros(at)))
                .into(),
            by_address: false,
            created_at: at(1),
        }
        .into(),
        TenantAdmin { tenant: google_id.clone(), user: user.id, created_at: at(12) }.into(),
        group.clone().into(),
        Membership {
            user: user.id,
            group: group.id,
            source: Source::Claim("entra".into()),
            created_at: at(2),
        }
        .into(),
        Membership { user: user.id, group: group.id, source: Source::Local, created_at: at(3) }
            .into(),
        grant(Subject::Group(group.id), Target::Tenant(google_id), None, Effect::Allow).into(),
        grant(Subject::User(user.id), Target::Connection(google.id), Some("read_*"), Effect::Deny)
            .into(),
        grant(
            Subject::Pattern("*@google.example".parse().unwrap()),
            Target::Connection(microsoft.id),
            None,
            Effect::Allow,
        )
        .into(),
        key.into(),
        Key {
            id: "ffffffffffffffff".parse().unwrap(),
            name: "chat".into(),
            user: Some(user.id),
            tenant: None,
            digest: Digest([8; 32]),
            created_at: at(8),
            manage: true,
            expires_at: None,
            revoked_at: Some(at(9)),
        }
        .into(),
        ClaimMapping {
            id: ClaimMappingId(Uuid::from_u128(70)),
            provider: provider.id,
            tenant_id: Some("9188040d-6c67-4c5b-b112-36a304b66dad".into()),
            claim: "roles".into(),
            value: "MCP.Admin".into(),
            group: group.id,
            created_at: at(10),
        }
        .into(),
        HostRule {
            id: HostRuleId(Uuid::from_u128(71)),
            host: "*.example.com".parse().unwrap(),
            path: "/api/".parse().unwrap(),
            admit: Admit::Groups(vec![group.id]),
            created_at: at(11),
        }
        .into(),
    ]
}

pub(crate) fn additions(records: Vec<Record>) -> Vec<Change> {
    records.into_iter().map(Change::Add).collect()
}
