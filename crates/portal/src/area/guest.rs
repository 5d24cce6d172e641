//! Somebody who never signed in, as what is said of them would make them a user.

use std::sync::Arc;

use gatehall_domain::{EmailAddress, Provider, ProviderId, Snapshot, Timestamp, User};
use gatehall_identity::{PersonFault, Rejection, supposed_visit};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::web::Fault;

/// What is said of somebody.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Guest {
    /// The provider whose claims these are; left out if there is only one.
    #[schemars(with = "Option<String>")]
    pub(super) provider: Option<ProviderId>,
    /// Claims as JSON, or headers such as `X-Forwarded-User: alice@example.com`.
    pub(super) said: String,
    /// Tools and connections by part of their names.
    pub(super) q: Option<String>,
    /// The page of tools, from 1.
    pub(super) page: Option<usize>,
}

/// The company as it would be with this person in it.
pub(super) struct Invited {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) user: User,
    /// What of it counts for nothing.
    pub(super) note: Option<&'static str>,
}

/// Invites somebody, by the same rules as a sign-in or a proxy's header.
pub(super) fn invite(
    snapshot: &Arc<Snapshot>,
    guest: &Guest,
    now: Timestamp,
) -> Result<Invited, Fault> {
    match guest.said.trim_start().starts_with('{') {
        true => by_claims(snapshot, guest, now),
        false => by_headers(snapshot, &guest.said),
    }
}

fn by_claims(snapshot: &Arc<Snapshot>, guest: &Guest, now: Timestamp) -> Result<Invited, Fault> {
    let mut claims: Map<String, Value> = serde_json::from_str(&guest.said)
        .map_err(|error| Fault::field("said", format!("is no JSON: {error}")))?;
    // Who asks about a person seldom knows the provider's id of them, and it changes nothing here.
    claims.entry("sub").or_insert_with(|| "somebody".into());
    let mut company = snapshot.company().clone();
    let provider = provider_of(snapshot, guest.provider.as_ref())?;
    let visit = supposed_visit(provider, &company, claims).map_err(|it| refused(&it))?;
    let (id, changes) = visit.settle(&company, now).map_err(|it| refused(&it))?;
    for change in &changes {
        company.apply(change)?;
    }
    let user = company.users.get(&id).ok_or(Fault::NothingHere)?;
    let user = User::clone(user);
    let snapshot = Arc::new(Snapshot::new(snapshot.revision(), company));
    Ok(Invited { snapshot, user, note: None })
}

/// The provider that is named, else the only one.
fn provider_of<'s>(snapshot: &'s Snapshot, id: Option<&ProviderId>) -> Result<&'s Provider, Fault> {
    let providers = &snapshot.company().providers;
    let found = match (id, providers.len()) {
        (Some(id), _) => providers.get(id),
        (None, 1) => providers.values().next(),
        (None, _) => None,
    };
    found.map(AsRef::as_ref).ok_or_else(|| {
        let problem = match providers.is_empty() {
            true => "there is no provider whose claims these could be: add one",
            false => "choose the provider whose claims these are",
        };
        Fault::field("provider", problem)
    })
}

fn refused(rejection: &Rejection) -> Fault {
    Fault::field("said", format!("this sign-in would be refused: {rejection}"))
}

/// A header names a user who is known, and says nothing of groups.
fn by_headers(snapshot: &Arc<Snapshot>, text: &str) -> Result<Invited, Fault> {
    let (mut email, mut note) = (None, None);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Fault::field("said", "is neither JSON nor lines like Name: value"))?;
        match name.trim().to_ascii_lowercase().as_str() {
            "x-user-email"
            | "x-forwarded-email"
            | "x-forwarded-user"
            | "x-auth-request-email"
            | "x-openwebui-user-email" => email = Some(value.trim()),
            name if name.ends_with("-groups") => {
                note = Some(
                    "Groups in headers count for nothing: memberships are looked up here. The \
                     header itself counts only from a proxy that proves itself.",
                );
            }
            _ => {}
        }
    }
    let email: EmailAddress = email
        .ok_or_else(|| Fault::field("said", "holds no header with an address: X-Forwarded-User"))?
        .parse()?;
    let user = snapshot.company().user_by_email(&email);
    let user = user.ok_or_else(|| refused(&Rejection::Person(PersonFault::Unknown)))?;
    Ok(Invited { snapshot: Arc::clone(snapshot), user: User::clone(user), note })
}
