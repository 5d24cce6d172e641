//! Somebody who never signed in, made of what a provider or a proxy would say of them.

use gatehall_domain::{
    Change, EmailAddress, Membership, ProviderId, Refusal, Snapshot, Source, Timestamp, User,
    UserId,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{operation::find_group, web::Fault};

/// What is said of somebody.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Guest {
    /// The provider whose claims these are.
    #[schemars(with = "Option<String>")]
    provider: Option<ProviderId>,
    /// Claims as JSON, or headers such as `X-Forwarded-Email: alice@example.com`.
    said: String,
}

/// What was read of it.
#[derive(Default)]
struct Said {
    email: Option<String>,
    /// Names of groups that a proxy says.
    groups: Vec<String>,
    claims: Value,
}

/// The company with this person in it, and the person. A known address is that user, with what is
/// said added.
pub(super) fn invite(
    snapshot: &Snapshot,
    guest: &Guest,
    now: Timestamp,
) -> Result<(Snapshot, User), Fault> {
    let said = read(&guest.said)?;
    let email = said.email.as_deref().ok_or_else(|| {
        Fault::field("said", "holds no address: a claim email or preferred_username, or a header")
    })?;
    let email: EmailAddress = email.parse()?;
    let mut company = snapshot.company().clone();
    let user = match company.user_by_email(&email) {
        Some(user) => User::clone(user),
        None => {
            let id = UserId(Uuid::now_v7());
            let user = User {
                id,
                email,
                name: String::new(),
                admin: false,
                enabled: true,
                created_at: now,
            };
            company.apply(&Change::Add(user.clone().into()))?;
            user
        }
    };
    let mut groups = Vec::new();
    for name in &said.groups {
        groups.push(find_group(&company, name)?.id);
    }
    let provider = guest.provider.as_ref();
    let mappings = company.claim_mappings.values();
    let mappings = mappings.filter(|it| provider.is_none_or(|provider| it.provider == *provider));
    groups.extend(mappings.filter(|it| has(&said.claims, &it.claim, &it.value)).map(|it| it.group));
    let source = Source::Claim(provider.map_or_else(|| "guest".into(), ToString::to_string));
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let source = source.clone();
        let membership = Membership { user: user.id, group, source, created_at: now };
        match company.apply(&Change::Add(membership.into())) {
            Ok(()) | Err(Refusal::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((Snapshot::new(snapshot.revision(), company), user))
}

/// Whether a claim has this value, alone or in a list.
fn has(claims: &Value, claim: &str, value: &str) -> bool {
    match claims.get(claim) {
        Some(Value::String(text)) => text == value,
        Some(Value::Array(items)) => items.iter().any(|it| it.as_str() == Some(value)),
        _ => false,
    }
}

fn read(text: &str) -> Result<Said, Fault> {
    if text.trim_start().starts_with('{') {
        let claims: Value = serde_json::from_str(text)
            .map_err(|error| Fault::field("said", format!("is no JSON: {error}")))?;
        let names = ["email", "preferred_username", "upn"];
        let email = names.iter().find_map(|name| claims.get(name)?.as_str());
        return Ok(Said { email: email.map(str::to_owned), claims, ..Said::default() });
    }
    let mut said = Said::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Fault::field("said", "is neither JSON nor lines like Name: value"))?;
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "x-user-email" | "x-forwarded-email" | "x-forwarded-user" | "x-auth-request-email" => {
                said.email = Some(value.to_owned());
            }
            "x-user-groups" | "x-forwarded-groups" | "x-auth-request-groups" => {
                said.groups = value.split(',').map(|it| it.trim().to_owned()).collect();
            }
            _ => {}
        }
    }
    Ok(said)
}
