//! API keys.

use gatehall_domain::{Change, Company, EmailAddress, Key, KeyId, Refusal, TenantId, Timestamp};
use gatehall_vault::{NewKey, generate_key};

use super::find_user;
use crate::DeskError;

/// What a new key is made of.
#[derive(Debug)]
pub struct KeyOrder {
    /// What it is for.
    pub name: String,
    /// The user it speaks for; none for a service key.
    pub user: Option<EmailAddress>,
    /// The only tenant it may be used for, if set.
    pub tenant: Option<TenantId>,
    /// Whether it opens the management API.
    pub manage: bool,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
}

/// Makes a key. The answer holds its text, which is nowhere else.
///
/// # Errors
/// If the user does not exist, or the end has passed.
pub fn add(
    company: &Company,
    order: &KeyOrder,
    now: Timestamp,
) -> Result<(Vec<Change>, NewKey), DeskError> {
    let new = generate_key()?;
    Ok((add_made(company, order, &new, now)?, new))
}

/// The same with a key that was made before, so that its id could be noted.
///
/// # Errors
/// As [`add`].
pub(crate) fn add_made(
    company: &Company,
    order: &KeyOrder,
    new: &NewKey,
    now: Timestamp,
) -> Result<Vec<Change>, Refusal> {
    if order.expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::invalid("expires_at", "must be in the future"));
    }
    let user = order.user.as_ref().map(|email| find_user(company, email)).transpose()?;
    let key = Key {
        id: new.id.clone(),
        name: order.name.clone(),
        user: user.map(|user| user.id),
        tenant: order.tenant.clone(),
        manage: order.manage,
        digest: new.digest,
        created_at: now,
        expires_at: order.expires_at,
        revoked_at: None,
    };
    Ok(vec![Change::Add(key.into())])
}

/// Revokes a key. Its record stays, so that the audit can name it.
///
/// # Errors
/// If there is none, or it is revoked already.
pub fn revoke(company: &Company, id: &KeyId, now: Timestamp) -> Result<Vec<Change>, Refusal> {
    let before = company.keys.get(id).ok_or_else(|| Refusal::missing("key", id))?;
    if before.revoked_at.is_some() {
        return Err(Refusal::missing("live key", id));
    }
    let after = Key { revoked_at: Some(now), ..Key::clone(before) };
    Ok(vec![Change::Replace { before: Key::clone(before).into(), after: after.into() }])
}
