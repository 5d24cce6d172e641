//! The accounts that users are bound to, many at once.

use gatehall_domain::{Change, Company, EmailAddress, Identity, Refusal};

use super::{
    find_user,
    user::{issuer_of, unbind},
};

/// Forgets which accounts of a provider users are: these users, or all who are bound there. The next
/// account with the address of each is taken for theirs.
///
/// # Errors
/// If a user does not exist or is not bound there, or nobody is.
pub fn unbind_all(
    company: &Company,
    provider: &str,
    users: Option<&[EmailAddress]>,
) -> Result<Vec<Change>, Refusal> {
    let issuer = issuer_of(company, provider);
    let changes: Vec<Change> = match users {
        Some(users) => {
            let mut users: Vec<&EmailAddress> = users.iter().collect();
            users.sort_unstable();
            users.dedup();
            let one = |email| unbind(company, find_user(company, email)?, issuer);
            users.into_iter().map(one).collect::<Result<_, _>>()?
        }
        None => {
            let bound = company.identities.values().filter(|it| it.issuer == issuer);
            let mut bound: Vec<&Identity> = bound.map(AsRef::as_ref).collect();
            bound.sort_unstable_by(|a, b| a.subject.cmp(&b.subject));
            bound.into_iter().map(|it| Change::Remove(it.clone().into())).collect()
        }
    };
    if changes.is_empty() {
        return Err(Refusal::missing("account of", provider));
    }
    Ok(changes)
}
