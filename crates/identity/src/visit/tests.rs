use gatehall_domain::{
    ClaimMapping, ClaimMappingId, Group, Issuer, Profile, Provider, ProviderSettings, Record,
    Remains, UnreadRow,
};

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_000_000);

fn user(number: u128, email: &str) -> User {
    User {
        id: UserId(Uuid::from_u128(number)),
        email: email.parse().unwrap(),
        name: String::new(),
        admin: false,
        enabled: true,
        created_at: NOW,
    }
}

fn group(number: u128) -> GroupId {
    GroupId(Uuid::from_u128(number))
}

/// Alice, three groups, and a provider whose groups `a` and `b`, and role `c`, mean one each.
fn company() -> Company {
    let mut company = Company::default();
    let issuer: Issuer = "https://id.example".parse().unwrap();
    let provider = Provider {
        id: "id".parse().unwrap(),
        name: "id".into(),
        profile: Profile::Generic,
        issuer,
        client_id: "gatehall".into(),
        client_secret: None,
        settings: Box::new(ProviderSettings::default()),
        enabled: true,
        created_at: NOW,
    };
    let mut records: Vec<Record> =
        vec![user(1, "alice@google.example").into(), provider.clone().into()];
    for (number, claim, value) in [(1, "groups", "a"), (2, "groups", "b"), (3, "roles", "c")] {
        let name = format!("group {value}").parse().unwrap();
        records.push(
            Group {
                id: group(number),
                name,
                description: String::new(),
                enabled: true,
                created_at: NOW,
            }
            .into(),
        );
        records.push(
            ClaimMapping {
                id: ClaimMappingId(Uuid::from_u128(number)),
                provider: provider.id.clone(),
                tenant_id: None,
                claim: claim.into(),
                value: value.into(),
                group: group(number),
                created_at: NOW,
            }
            .into(),
        );
    }
    records.into_iter().for_each(|record| company.put(record));
    company
}

fn visit(email: Option<&str>, said: &[(&str, &[&str])]) -> Visit {
    let list = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect();
    let values = said.iter().map(|(claim, values)| ((*claim).to_owned(), list(values)));
    Visit {
        issuer: "https://id.example".into(),
        subject: "s1".into(),
        tenant_id: None,
        vouched: Vouched::Provider("id".parse().unwrap()),
        email: email.map(|email| email.parse().unwrap()),
        doubt: None,
        binds_admins: true,
        name: "Alice".into(),
        add: Newcomers::Everybody,
        said: Some(Said { values: values.collect(), stale: false }),
    }
}

/// Settles, applies, and answers with the user and the groups that are claimed for them now.
fn come(company: &mut Company, visit: &Visit) -> Result<(UserId, Vec<u128>), Rejection> {
    let (user, changes) = visit.settle(company, NOW)?;
    for change in &changes {
        company.apply(change).unwrap();
    }
    assert_eq!(visit.settle(company, NOW).unwrap().1, [], "settled once, nothing is left to do");
    let claimed = company
        .memberships
        .values()
        .filter(|it| it.user == user && it.source == Source::Claim("id".into()));
    let mut groups: Vec<u128> = claimed.map(|it| it.group.0.as_u128()).collect();
    groups.sort_unstable();
    Ok((user, groups))
}

#[test]
fn groups_follow_what_is_said_and_stay_where_nothing_is() {
    let mut company = company();
    let alice = UserId(Uuid::from_u128(1));
    let email = Some("alice@google.example");
    company.put(
        Membership { user: alice, group: group(2), source: Source::Local, created_at: NOW }.into(),
    );
    let mut come = |said: &[(&str, &[&str])]| come(&mut company, &visit(email, said)).unwrap();
    assert_eq!(come(&[("groups", &["a", "b", "x"]), ("roles", &["c"])]), (alice, vec![1, 2, 3]));
    assert_eq!(
        come(&[("groups", &["a"]), ("roles", &["c"])]),
        (alice, vec![1, 3]),
        "b is taken back"
    );
    assert_eq!(come(&[("groups", &["a"])]), (alice, vec![1, 3]), "nothing is said of roles");
    assert_eq!(come(&[("groups", &[]), ("roles", &["a,c"])]), (alice, vec![]));
    let local = (alice, group(2), Source::Local);
    assert!(company.memberships.contains_key(&local), "what others gave stays");
}

#[test]
fn an_account_is_one_user_whatever_its_address_becomes() {
    let mut company = company();
    let (first, _) = come(&mut company, &visit(Some("alice@google.example"), &[])).unwrap();
    assert_eq!(first, UserId(Uuid::from_u128(1)), "linked by the address");
    let moved = visit(Some("bob@google.example"), &[]);
    assert_eq!(come(&mut company, &moved).unwrap().0, first, "the account counts, not the address");
    let nameless = visit(None, &[]);
    assert_eq!(come(&mut company, &nameless).unwrap().0, first);

    let other = Visit { subject: "s2".into(), ..visit(Some("alice@google.example"), &[]) };
    assert!(matches!(come(&mut company, &other), Err(Rejection::OtherAccount(..))));
}

#[test]
fn strangers_are_added_only_with_an_address_that_is_believed() {
    let mut company = company();
    let unknown = visit(Some("new@google.example"), &[("groups", &["a"])]);
    let closed = Visit { add: Newcomers::Nobody, ..unknown.clone() };
    let unknown_fault = Rejection::Person(PersonFault::Unknown);
    assert_eq!(come(&mut company, &closed), Err(unknown_fault));
    let doubtful = Visit { email: None, ..unknown.clone() };
    assert_eq!(come(&mut company, &doubtful), Err(Rejection::Person(PersonFault::Address)));
    let (user, groups) = come(&mut company, &unknown).unwrap();
    assert_eq!((company.users[&user].email.as_str(), groups), ("new@google.example", vec![1]));
    assert!(!company.users[&user].admin);
}

#[test]
fn a_stale_answer_keeps_the_groups_and_says_so() {
    let mut company = company();
    let email = Some("alice@google.example");
    come(&mut company, &visit(email, &[("groups", &["a"]), ("roles", &[])])).unwrap();
    let mut stale = visit(email, &[("roles", &[])]);
    stale.said.as_mut().unwrap().stale = true;
    let (_, groups) = come(&mut company, &stale).unwrap();
    assert_eq!(groups, [1]);
    assert!(company.identities.values().all(|identity| identity.stale));
    come(&mut company, &visit(email, &[("groups", &[]), ("roles", &[])])).unwrap();
    assert!(company.identities.values().all(|identity| !identity.stale));
}

#[test]
fn whose_row_cannot_be_read_does_not_come_in_as_somebody_new() {
    let unread = |remains| UnreadRow { table: "t", key: "k".into(), problem: "p".into(), remains };
    let alice = UserId(Uuid::from_u128(1));
    let email = Some("new@google.example");
    let refused = Err(Rejection::Person(PersonFault::Unread));
    let come = |remains, visit: &Visit, bound: bool| {
        let mut company = company();
        if bound {
            let issuer = "https://id.example".into();
            let identity = Identity {
                issuer,
                subject: "s1".into(),
                user: alice,
                stale: false,
                claims_said: Default::default(),
                by_address: false,
                created_at: NOW,
            };
            company.put(identity.into());
        }
        visit.settle(&company.without(vec![unread(remains)]), NOW).map(|(user, _)| user)
    };
    // Her account is known, and her address is now another: she is not added with it.
    let lost = Remains::User { id: Some(alice), email: None };
    assert_eq!(come(lost.clone(), &visit(email, &[]), true), refused);
    // The row of somebody whose address cannot be read may be the one of whoever comes.
    let somebody = Remains::User { id: None, email: None };
    assert_eq!(come(somebody.clone(), &visit(email, &[]), false), refused);
    let known = visit(Some("alice@google.example"), &[]);
    assert_eq!(come(somebody, &known, false), Ok(alice), "who is known comes in");
    let other = Some("other@google.example".parse().unwrap());
    let other = Remains::User { id: None, email: other };
    assert!(come(other.clone(), &visit(email, &[]), false).is_ok());
    assert_eq!(come(other, &visit(Some("other@google.example"), &[]), false), refused);
    // An account may be the one that is bound already.
    let account = Remains::Identity { issuer: None, subject: None, user: None };
    assert_eq!(come(account.clone(), &known, false), refused);
    assert_eq!(come(account, &known, true), Ok(alice));
}

#[test]
fn what_a_provider_says_of_groups_once_is_known_from_then_on() {
    let email = Some("alice@google.example");
    let known = |company: &Company| {
        let mut identities = company.identities.values();
        let said = &identities.next().unwrap().claims_said;
        said.keys().map(ToString::to_string).collect::<Vec<_>>()
    };
    let mut company = company();
    come(&mut company, &Visit { said: None, ..visit(email, &[]) }).unwrap();
    assert_eq!(known(&company), [""; 0], "a token that says nothing");
    come(&mut company, &visit(email, &[("department", &["x"])])).unwrap();
    assert_eq!(known(&company), [""; 0], "nothing that matters here");
    come(&mut company, &visit(email, &[("roles", &[])])).unwrap();
    assert_eq!(known(&company), ["id:roles"]);
    come(&mut company, &visit(email, &[("groups", &["a"]), ("roles", &[])])).unwrap();
    assert_eq!(known(&company), ["id:groups", "id:roles"]);
    let mut stale = visit(email, &[]);
    stale.said.as_mut().unwrap().stale = true;
    come(&mut company, &stale).unwrap();
    assert_eq!(known(&company), ["id:groups", "id:roles"], "the last known groups stay");
}

#[test]
fn a_mapping_that_came_later_is_known_when_its_claim_is_said_again() {
    let email = Some("alice@google.example");
    let mut company = company();
    let (alice, _) =
        come(&mut company, &visit(email, &[("groups", &["a"]), ("roles", &[])])).unwrap();
    let unsaid = |company: &Company| {
        let snapshot = gatehall_domain::Snapshot::new(1, company.clone());
        snapshot.claims_unsaid(alice).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(unsaid(&company), [""; 0]);
    // The clock of the machine that makes it may be behind.
    let first = company.claim_mappings.values().find(|it| it.value == "a").unwrap();
    let mapping = ClaimMapping {
        id: ClaimMappingId(Uuid::from_u128(9)),
        value: "x".into(),
        group: group(2),
        created_at: Timestamp::from_micros(5),
        ..ClaimMapping::clone(first)
    };
    let mut changes = [Change::Add(mapping.into())];
    company.date_mappings(&mut changes, Timestamp::from_micros(5));
    company.apply(&changes[0]).unwrap();
    assert_eq!(unsaid(&company), ["id:groups"]);
    come(&mut company, &visit(email, &[("roles", &[])])).unwrap();
    assert_eq!(unsaid(&company), ["id:groups"], "nothing was said of it");
    let (_, groups) = come(&mut company, &visit(email, &[("groups", &["a", "x"])])).unwrap();
    assert_eq!((unsaid(&company), groups), (vec![], vec![1, 2]));
    // Taken back and restored, it is as new as if it had never been there.
    let made = changes[0].clone();
    company.apply(&made.clone().inverse()).unwrap();
    come(&mut company, &visit(email, &[("groups", &["a"])])).unwrap();
    let mut restored = [made.inverse().inverse()];
    company.date_mappings(&mut restored, NOW);
    company.apply(&restored[0]).unwrap();
    assert_eq!(unsaid(&company), ["id:groups"]);
    come(&mut company, &visit(email, &[("groups", &["a"])])).unwrap();
    // So is one that becomes another.
    let before = company.claim_mappings[&ClaimMappingId(Uuid::from_u128(9))].as_ref().clone();
    let after = ClaimMapping { value: "y".into(), ..before.clone() };
    let mut replaced = [Change::Replace { before: before.into(), after: after.into() }];
    company.date_mappings(&mut replaced, NOW);
    company.apply(&replaced[0]).unwrap();
    assert_eq!(unsaid(&company), ["id:groups"]);
}
