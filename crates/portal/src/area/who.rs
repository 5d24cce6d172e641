//! Who can use a tool: `decide`, asked once for each way in which users differ.

use std::collections::HashMap;

use gatehall_domain::{
    Because, Company, Decision, Endpoint, Snapshot, Timestamp, User, decide, snapshot::Site,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::reach::caller;

/// Why some users can use a tool, and how many they are.
#[derive(Serialize, JsonSchema)]
pub(super) struct Reason {
    /// In words.
    pub(super) because: String,
    pub(super) users: usize,
    /// The grant, if it is one.
    pub(super) grant: Option<String>,
}

/// The users who can use a tool, each with the reason, by address.
pub(super) fn who<'s>(
    snapshot: &'s Snapshot,
    site: &Site,
    tool: &str,
    now: Timestamp,
) -> Vec<(&'s User, Because)> {
    let mut by_view: HashMap<u64, Option<Because>> = HashMap::new();
    let mut found = Vec::new();
    for user in snapshot.company().users.values() {
        let Some(view) = snapshot.view(user.id) else { continue };
        let because = *by_view.entry(view.id).or_insert_with(|| {
            let (caller, all) = (caller(user.id), Endpoint::All);
            match decide(snapshot, &caller, &all, now, site.connection.id, tool) {
                Decision::Allowed(because) => Some(because),
                Decision::Denied(_) => None,
            }
        });
        if let Some(because) = because {
            found.push((user.as_ref(), because));
        }
    }
    found.sort_unstable_by(|a, b| a.0.email.cmp(&b.0.email));
    found
}

/// The reasons of those who were found, with the most users first.
pub(super) fn reasons(company: &Company, found: &[(&User, Because)]) -> Vec<Reason> {
    let mut counts: HashMap<Because, usize> = HashMap::new();
    for (_, because) in found {
        *counts.entry(*because).or_default() += 1;
    }
    let mut reasons: Vec<Reason> = counts
        .into_iter()
        .map(|(because, users)| Reason {
            because: company.because_label(because),
            users,
            grant: match because {
                Because::Grant(id) if company.grants.contains_key(&id) => Some(id.to_string()),
                _ => None,
            },
        })
        .collect();
    reasons.sort_by(|a, b| (b.users, &a.because).cmp(&(a.users, &b.because)));
    reasons
}
