//! Somebody who never signed in, as what is said of them would make them a user.

use std::sync::Arc;

use gatehall_domain::{EmailAddress, Provider, ProviderId, Snapshot, Timestamp, User};
use gatehall_identity::{
    Doors, OPEN_WEBUI_USER_HEADER, PersonFault, Rejection, Visit, supposed_visit,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::web::Fault;

/// What is said of somebody.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Guest {
    /// The provider that these claims come from; may be omitted if there is only one.
    #[schemars(with = "Option<String>")]
    pub(super) provider: Option<ProviderId>,
    /// Claims as JSON, or the lines of headers: `X-OpenWebUI-User-Jwt`, `X-Forwarded-User`.
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
}

/// Invites somebody, by the code of the door that would let them in.
pub(super) fn invite(
    doors: &Doors,
    snapshot: &Arc<Snapshot>,
    guest: &Guest,
    now: Timestamp,
) -> Result<Invited, Fault> {
    if guest.said.trim_start().starts_with('{') {
        return settle(snapshot, &by_claims(snapshot, guest)?, now);
    }
    let headers = Headers::read(&guest.said)?;
    if let Some(token) = headers.chat_user {
        let visit = doors.supposed_chat_visit(token, now).map_err(|it| refused(&it))?;
        return settle(snapshot, &visit, now);
    }
    let email = headers.forwarded_user.ok_or_else(|| {
        let known = "contains neither X-OpenWebUI-User-Jwt nor X-Forwarded-User; no other header \
                     identifies a user here";
        Fault::field("said", known)
    })?;
    if !doors.takes_forwarded_user() {
        let off =
            "X-Forwarded-User is not trusted here: GATEHALL_FORWARDED_USER_PROXIES is not set";
        return Err(Fault::field("said", off));
    }
    let email: EmailAddress = email.parse()?;
    let user = snapshot.company().user_by_email(&email);
    let user = user.ok_or_else(|| refused(&Rejection::Person(PersonFault::Unknown)))?;
    Ok(Invited { snapshot: Arc::clone(snapshot), user: User::clone(user) })
}

/// Lets a visit come true in a copy of the company.
fn settle(snapshot: &Snapshot, visit: &Visit, now: Timestamp) -> Result<Invited, Fault> {
    let (id, changes) = visit.settle(snapshot.company(), now).map_err(|it| refused(&it))?;
    let snapshot = Arc::new(snapshot.after(snapshot.revision(), &changes)?);
    let user = User::clone(snapshot.company().users.get(&id).ok_or(Fault::NothingHere)?);
    Ok(Invited { snapshot, user })
}

fn by_claims(snapshot: &Snapshot, guest: &Guest) -> Result<Visit, Fault> {
    let mut claims: Map<String, Value> = serde_json::from_str(&guest.said)
        .map_err(|error| Fault::field("said", format!("is not JSON: {error}")))?;
    // Who asks about a person seldom knows the provider's id of them, and it changes nothing here.
    claims.entry("sub").or_insert_with(|| "somebody".into());
    let provider = provider_of(snapshot, guest.provider.as_ref())?;
    supposed_visit(provider, snapshot.company(), claims).map_err(|it| refused(&it))
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
            true => "there is no provider that could have sent these claims: add one",
            false => "choose the provider that these claims come from",
        };
        Fault::field("provider", problem)
    })
}

fn refused(rejection: &Rejection) -> Fault {
    Fault::field("said", format!("this sign-in would be refused: {rejection}"))
}

/// The headers that say who somebody is.
#[derive(Default)]
struct Headers<'t> {
    chat_user: Option<&'t str>,
    forwarded_user: Option<&'t str>,
}

impl<'t> Headers<'t> {
    fn read(text: &'t str) -> Result<Self, Fault> {
        let mut headers = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(|| {
                Fault::field("said", "is neither JSON nor header lines such as Name: value")
            })?;
            match name.trim().to_ascii_lowercase().as_str() {
                OPEN_WEBUI_USER_HEADER => headers.chat_user = Some(value.trim()),
                "x-forwarded-user" => headers.forwarded_user = Some(value.trim()),
                _ => {}
            }
        }
        Ok(headers)
    }
}
