//! Rules that one example shows best.

use std::collections::{BTreeMap, BTreeSet};

use gatehall_domain::*;

use crate::sketch::{GrantSketch, Sketch, at, connection_id, group_id, user_id};

#[test]
fn a_key_reaches_only_while_it_lives_and_only_its_tenant() {
    let sketch = Sketch { admin: vec![true; 4], ..Sketch::plain() };
    let mut company = sketch.company();
    let key = Key {
        id: "abcdefgh".parse().unwrap(),
        name: String::new(),
        user: Some(user_id(0)),
        tenant: Some("google".parse().unwrap()),
        digest: Digest([0; 32]),
        created_at: at(0),
        expires_at: Some(at(10)),
        manage: false,
        revoked_at: None,
    };
    let caller = Caller {
        user: key.user,
        door: Door::PersonalKey,
        key: Some(key.id.clone()),
        tenant: key.tenant.clone(),
    };
    company.apply(&Change::Add(key.clone().into())).unwrap();
    let ask = |company: &Company, now, connection| {
        let snapshot = Snapshot::new(1, company.clone());
        decide(&snapshot, &caller, &Endpoint::All, at(now), connection_id(connection), "x")
    };
    assert_eq!(ask(&company, 9, 0), Decision::Allowed(Because::Admin));
    assert_eq!(ask(&company, 9, 3), Decision::Denied(Denial::OutsideKey));
    assert_eq!(ask(&company, 9, 9), Decision::Denied(Denial::OutsideKey));
    assert_eq!(ask(&company, 10, 0), Decision::Denied(Denial::KeyGone));
    let after = Key { revoked_at: Some(at(5)), ..key.clone() };
    company.apply(&Change::Replace { before: key.into(), after: after.into() }).unwrap();
    assert_eq!(ask(&company, 9, 0), Decision::Denied(Denial::KeyGone));
}

/// Thousands of people whose groups are not known yet are one view more, and not thousands.
#[test]
fn people_whose_groups_are_not_known_share_a_view() {
    let sketch = Sketch {
        server_public: vec![true; 3],
        grants: vec![GrantSketch { subject: 0, target: 0, tools: None, deny: true }],
        mapped: vec![Some(0); 3],
        ..Sketch::plain()
    };
    let mut company = sketch.company();
    let views = |company: &Company| Snapshot::new(1, company.clone()).view_count();
    assert_eq!(views(&company), 1);
    for number in 0..3000u128 {
        let id = UserId(uuid::Uuid::from_u128(9 << 64 | number));
        let user = User {
            id,
            email: format!("n{number}@google.example").parse().unwrap(),
            name: String::new(),
            admin: false,
            enabled: true,
            created_at: at(0),
        };
        let identity = Identity {
            issuer: "https://id.example".into(),
            subject: number.to_string(),
            user: id,
            stale: false,
            claims_said: BTreeMap::new(),
            by_address: true,
            created_at: at(0),
        };
        company.put(user.into());
        company.put(identity.into());
    }
    assert_eq!(views(&company), 2);
    let snapshot = Snapshot::new(1, company);
    let unsaid = snapshot.claims_unsaid(UserId(uuid::Uuid::from_u128(9 << 64)));
    assert_eq!(unsaid.iter().map(ToString::to_string).collect::<Vec<_>>(), ["id:groups"]);
}

#[test]
fn connections_that_would_share_names_are_refused() {
    let mut company = Company::default();
    let mut add = |record: Record| company.apply(&Change::Add(record));
    let server = |name: &str| {
        let transport = Transport::Stdio {
            command: "true".into(),
            arguments: vec![],
            environment: BTreeMap::new(),
            credential_variables: BTreeSet::new(),
        };
        Server {
            id: name.parse().unwrap(),
            name: String::new(),
            description: String::new(),
            transport,
            access: AccessClass::Granted,
            stateful: false,
            tier: String::new(),
            enabled: true,
            created_at: at(0),
        }
    };
    let tenant = |name: &str| Tenant {
        id: name.parse().unwrap(),
        name: String::new(),
        description: String::new(),
        enabled: true,
        created_at: at(0),
    };
    let connection = |number, path: &str| Connection {
        id: connection_id(number),
        path: path.parse().unwrap(),
        url: None,
        limits: Limits::default(),
        enabled: true,
        created_at: at(0),
    };
    for name in ["github", "issues", "b_c", "search"] {
        add(server(name).into()).unwrap();
    }
    for name in ["github", "github_issues", "a", "a_b"] {
        add(tenant(name).into()).unwrap();
    }
    add(connection(0, "github/github").into()).unwrap();
    add(connection(1, "github/issues").into()).unwrap();
    let same = add(connection(2, "github").into()).unwrap_err().to_string();
    assert!(same.contains("github/github and of github "), "{same}");
    let foreign = add(connection(3, "github_issues/b_c").into()).unwrap_err();
    assert!(matches!(foreign, Refusal::NameClash { .. }), "{foreign}");
    add(connection(4, "a/b_c").into()).unwrap();
    assert!(add(connection(5, "a_b/issues").into()).is_ok());
    assert!(add(connection(6, "search").into()).is_err());
    assert!(matches!(add(tenant("GitHub").into()), Err(Refusal::Exists { .. })));
}

#[test]
fn a_disabled_group_lets_nobody_in_at_a_host() {
    let mut sketch = Sketch {
        admin: vec![false, true, false, false],
        user_enabled: vec![true, true, true, false],
        members: vec![(0, 0), (3, 0)],
        ..Sketch::plain()
    };
    let rule = |admit| HostRule {
        id: HostRuleId(uuid::Uuid::from_u128(1)),
        host: "app.example.com".parse().unwrap(),
        path: "/".parse().unwrap(),
        admit,
        created_at: at(0),
    };
    let who = |sketch: &Sketch, admit: Admit| -> Vec<usize> {
        let (snapshot, rule) = (sketch.snapshot(), rule(admit));
        (0..5).filter(|user| snapshot.admits(&rule, user_id(*user))).collect()
    };
    let group = Admit::Groups(vec![group_id(0)]);
    assert_eq!(who(&sketch, group.clone()), [0, 1]);
    assert_eq!(who(&sketch, Admit::SignedIn), [0, 1, 2], "who is disabled or unknown is nobody");
    sketch.group_enabled[0] = false;
    assert_eq!(who(&sketch, group), [1]);
}

#[test]
fn an_account_at_an_issuer_of_no_provider_is_of_nobody_who_is_known() {
    let sketch = Sketch {
        grants: vec![
            // User 0 may use google; the first group may not.
            GrantSketch { subject: 3, target: 0, tools: None, deny: false },
            GrantSketch { subject: 0, target: 0, tools: None, deny: true },
        ],
        mapped: vec![Some(0), None, None],
        accounts: vec![Some(None), None, None, None],
        ..Sketch::plain()
    };
    let mut company = sketch.company();
    let may = |company: &Company| {
        let user = Some(user_id(0));
        let caller = Caller { user, door: Door::PersonalKey, key: None, tenant: None };
        let snapshot = Snapshot::new(1, company.clone());
        let decision = decide(&snapshot, &caller, &Endpoint::All, at(1), connection_id(0), "x");
        matches!(decision, Decision::Allowed(_))
    };
    assert!(!may(&company), "the provider has not said the groups");
    let moved: Provider = company.providers.values().next().unwrap().as_ref().clone();
    let moved = Provider { issuer: "https://new.example".parse().unwrap(), ..moved };
    company.put(moved.into());
    assert!(!may(&company), "it is at another address now, and still has not");
    let account: Identity = company.identities.values().next().unwrap().as_ref().clone();
    company.put(Identity { issuer: OPEN_WEBUI.into(), subject: "w".into(), ..account }.into());
    assert!(!may(&company), "another account says nothing either");
}
