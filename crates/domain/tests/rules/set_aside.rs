//! Rows that cannot be read open nothing, whatever is left of them.

use gatehall_domain::*;
use proptest::{collection::vec, prelude::*};

use crate::{allowed, sketch::*};

fn records(company: &Company) -> Vec<Record> {
    fn all<K, V: Clone + Into<Record>>(table: &company::Table<K, V>, found: &mut Vec<Record>) {
        found.extend(table.values().map(|it| V::clone(it).into()));
    }
    let mut found = Vec::new();
    all(&company.users, &mut found);
    all(&company.identities, &mut found);
    all(&company.providers, &mut found);
    all(&company.claim_mappings, &mut found);
    all(&company.groups, &mut found);
    all(&company.memberships, &mut found);
    all(&company.tenants, &mut found);
    all(&company.servers, &mut found);
    all(&company.connections, &mut found);
    all(&company.grants, &mut found);
    found.sort_by_key(|record| format!("{record:?}"));
    found
}

/// What is left of a record, of each part by one bit.
fn remains(record: &Record, bits: u8) -> Option<Remains> {
    fn left<T>(value: T, bits: u8, bit: u8) -> Option<T> {
        (bits & (1 << bit) != 0).then_some(value)
    }
    Some(match record {
        // What others call it by is read where they are: they would not be readable either.
        Record::User(it) => {
            Remains::User { id: Some(it.id), email: left(it.email.clone(), bits, 0) }
        }
        Record::Identity(it) => Remains::Identity {
            issuer: left(it.issuer.clone(), bits, 0),
            subject: left(it.subject.clone(), bits, 1),
            user: left(it.user, bits, 2),
        },
        Record::Provider(it) => Remains::Provider { id: Some(it.id.to_string()) },
        Record::ClaimMapping(it) => Remains::ClaimMapping { group: left(it.group, bits, 0) },
        Record::Group(it) => {
            Remains::Group { id: Some(it.id), name: left(it.name.clone(), bits, 0) }
        }
        Record::Membership(it) => {
            Remains::Membership { user: left(it.user, bits, 0), group: left(it.group, bits, 1) }
        }
        Record::Tenant(it) => Remains::Tenant { id: Some(it.id.to_string()) },
        Record::Server(it) => Remains::Server { id: Some(it.id.to_string()) },
        Record::Connection(it) => {
            Remains::Connection { id: Some(it.id), path: left(it.path.clone(), bits, 0) }
        }
        Record::Grant(it) => Remains::Grant(GrantRemains {
            effect: left(it.effect, bits, 0),
            subject: left(it.subject.clone(), bits, 1),
            target: left(it.target.clone(), bits, 2),
            tenant: None,
            tools: it.tools.clone().and_then(|tools| left(tools, bits, 3)),
        }),
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn rows_that_cannot_be_read_open_nothing(
        sketch in sketch(),
        lost in vec((0..1000usize, any::<u8>()), 1..4),
    ) {
        let before = sketch.company();
        let mut kept = records(&before);
        let mut rows = Vec::new();
        for (number, (at, bits)) in lost.into_iter().enumerate() {
            let record = kept.remove(at % kept.len());
            let Some(remains) = remains(&record, bits) else { continue };
            let key = number.to_string().into();
            rows.push(UnreadRow { table: "t", key, problem: String::new(), remains });
        }
        let mut company = Company::default();
        for record in kept {
            company.put(record);
        }
        let count = rows.len();
        let company = company.without(rows);
        prop_assert_eq!(company.set_aside().rows().len(), count);
        let could = allowed(&Snapshot::new(1, before));
        let can = allowed(&Snapshot::new(2, company));
        for what in can.keys() {
            prop_assert!(could.contains_key(what), "{:?} opened", what);
        }
    }
}

#[test]
fn what_a_group_denies_is_denied_though_several_rows_cannot_be_read() {
    let flags = |count| vec![true; count];
    let sketch = Sketch {
        admin: vec![false; USERS],
        user_enabled: flags(USERS),
        group_enabled: flags(3),
        tenant_enabled: flags(3),
        server_enabled: flags(3),
        server_public: vec![false; 3],
        connection_enabled: flags(12),
        members: vec![(0, 0)],
        mapped: Vec::new(),
        accounts: Vec::new(),
        grants: vec![
            // User 0 may use google; the first group may not.
            GrantSketch { subject: 3, target: 0, tools: None, deny: false },
            GrantSketch { subject: 0, target: 0, tools: None, deny: true },
        ],
    };
    assert!(allowed(&sketch.snapshot()).is_empty());
    let all = records(&sketch.company());
    let is = |it: &Record, what: usize| match it {
        Record::Group(it) => what == 0 && it.id == group_id(0),
        Record::Membership(_) => what == 1,
        Record::Grant(it) => what == 2 && it.effect == Effect::Deny,
        _ => false,
    };
    for (lost, user, of, to) in cases() {
        let mut company = Company::default();
        for record in all.iter().filter(|it| !lost.iter().any(|what| is(it, *what))) {
            company.put(record.clone());
        }
        let row = |what: &usize| UnreadRow {
            table: "t",
            key: what.to_string().into(),
            problem: String::new(),
            remains: match what {
                0 => Remains::Group { id: Some(group_id(0)), name: None },
                1 => Remains::Membership { user, group: of },
                _ => Remains::Grant(GrantRemains {
                    effect: None,
                    subject: to.clone(),
                    target: None,
                    tenant: None,
                    tools: None,
                }),
            },
        };
        let snapshot = Snapshot::new(2, company.without(lost.iter().map(row).collect()));
        assert!(allowed(&snapshot).is_empty(), "{lost:?}: {user:?} in {of:?} to {to:?}");
    }
}

/// Every choice of lost rows (group, membership, grant), with what may be left of them.
type Case = (Vec<usize>, Option<UserId>, Option<GroupId>, Option<Subject>);

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for chosen in 1..8u8 {
        let lost: Vec<usize> = (0..3).filter(|what| chosen & (1 << what) != 0).collect();
        for user in [Some(user_id(0)), None] {
            for of in [Some(group_id(0)), None] {
                for to in [Some(Subject::Group(group_id(0))), None] {
                    cases.push((lost.clone(), user, of, to));
                }
            }
        }
    }
    cases
}
