//! A snapshot that goes on from the one before says what one says that is made from nothing.

use std::collections::BTreeMap;

use gatehall_domain::*;
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{allowed, sketch::*};

/// All records of a company, by what does not change.
fn records(company: &Company) -> BTreeMap<String, Record> {
    let mut found = BTreeMap::new();
    macro_rules! tables {
        ($($table:ident),*) => {
            $(for it in company.$table.values() {
                let record: Record = it.as_ref().clone().into();
                found.insert(record.key(), record);
            })*
        };
    }
    tables!(users, identities, groups, memberships, tenants, servers, connections);
    tables!(grants, providers, claim_mappings);
    found
}

/// What leads from one company to the other, in no sensible order.
fn differences(from: &Company, to: &Company) -> Vec<Change> {
    let (from, to) = (records(from), records(to));
    let gone = from.iter().filter(|(key, _)| !to.contains_key(*key));
    let gone = gone.map(|(_, record)| Change::Remove(record.clone()));
    let come = to.iter().filter_map(|(key, after)| match from.get(key) {
        None => Some(Change::Add(after.clone())),
        Some(before) if before == after => None,
        Some(before) => Some(Change::Replace { before: before.clone(), after: after.clone() }),
    });
    gone.chain(come).collect()
}

/// All that is asked of a snapshot about people.
fn said(snapshot: &Snapshot) -> impl PartialEq + std::fmt::Debug {
    let people: Vec<_> = (0..USERS)
        .map(|user| {
            let user = user_id(user);
            let admin = snapshot.view(user).map(|view| view.admin);
            (snapshot.groups(user).to_vec(), snapshot.claims_unsaid(user).to_vec(), admin)
        })
        .collect();
    (allowed(snapshot), people, snapshot.view_count())
}

fn is_of_connections(change: &Change) -> bool {
    matches!(change.record(), Record::Tenant(_) | Record::Server(_) | Record::Connection(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn it_is_as_one_made_from_nothing(
        first in sketch(),
        other in sketch(),
        picks in vec(vec(any::<Index>(), 1..4), 1..5),
        connections in prop::bool::weighted(0.1),
    ) {
        let mut snapshot = first.snapshot();
        let mut views = BTreeMap::new();
        for picks in picks {
            let mut company = snapshot.company().clone();
            let mut choices = differences(&company, &other.company());
            choices.retain(|change| connections || !is_of_connections(change));
            if choices.is_empty() {
                break;
            }
            let picked = picks.iter().map(|index| index.get(&choices).clone());
            let changes: Vec<Change> =
                picked.filter(|change| company.apply(change).is_ok()).collect();
            let next = snapshot.next(snapshot.revision() + 1, company.clone(), &changes);
            let new = Snapshot::new(next.revision(), company);
            prop_assert_eq!(said(&next), said(&new), "{:?}", changes);
            if !next.continues(&snapshot) {
                views.clear();
            }
            // A list that was made for a view serves whoever has a view of that id.
            for user in (0..USERS).map(user_id) {
                let Some(view) = next.view(user) else { continue };
                let text = format!("{view:?}");
                prop_assert_eq!(views.entry(view.id).or_insert_with(|| text.clone()), &text);
            }
            snapshot = next;
        }
    }
}
