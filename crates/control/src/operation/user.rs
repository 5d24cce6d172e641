//! Users and their memberships.

use std::{collections::BTreeMap, str::FromStr};

use gatehall_domain::{
    Change, Company, EmailAddress, GroupName, Identity, Membership, OPEN_WEBUI, ProviderId,
    Refusal, Source, Timestamp, User, UserId, is_open_webui, quoted,
};
use uuid::Uuid;

use super::{find_group, find_user, groups, once, provider, replace, set};

/// What a new user is made of.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in User")]
pub struct NewUser {
    pub email: EmailAddress,
    pub name: String,
    pub admin: bool,
    pub groups: Vec<GroupName>,
}

/// What changes of a user. What is not set stays.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "as in User")]
pub struct UserEdit {
    pub email: Option<EmailAddress>,
    pub name: Option<String>,
    pub admin: Option<bool>,
    pub enabled: Option<bool>,
    pub add_groups: Vec<GroupName>,
    pub remove_groups: Vec<GroupName>,
    /// Identity providers whose account no longer is this user.
    pub unbind: Vec<String>,
    /// Accounts that are this user, whatever their addresses.
    pub bind: Vec<Binding>,
}

/// An account at a provider.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The provider.
    pub provider: ProviderId,
    /// Its id of the account: `sub`, or `tid/oid` of Entra ID.
    pub subject: String,
}

impl FromStr for Binding {
    type Err = Refusal;

    /// `PROVIDER=SUBJECT`.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let (provider, subject) = text
            .split_once('=')
            .ok_or_else(|| Refusal::invalid("bind", "must be PROVIDER=SUBJECT"))?;
        if !(1..=255).contains(&subject.len()) || subject.trim() != subject {
            return Err(Refusal::invalid("bind", "the subject must have 1 to 255 characters"));
        }
        Ok(Self { provider: provider.parse()?, subject: subject.to_owned() })
    }
}

/// Adds a user, and puts them in groups that exist.
///
/// # Errors
/// If the address is taken or a group does not exist.
pub fn add(company: &Company, new: &NewUser, now: Timestamp) -> Result<Vec<Change>, Refusal> {
    if company.user_by_email(&new.email).is_some() {
        return Err(Refusal::exists("user", &new.email));
    }
    let user = User {
        id: UserId(Uuid::now_v7()),
        email: new.email.clone(),
        name: new.name.clone(),
        admin: new.admin,
        enabled: true,
        created_at: now,
    };
    let mut changes = vec![Change::Add(user.clone().into())];
    for name in groups(company, &new.groups)? {
        changes.extend(join(company, user.id, &name, now)?);
    }
    Ok(changes)
}

/// Changes a user and their memberships.
///
/// # Errors
/// If the user or a group does not exist.
pub fn change(
    company: &Company,
    email: &EmailAddress,
    edit: &UserEdit,
    now: Timestamp,
) -> Result<Vec<Change>, Refusal> {
    let before = find_user(company, email)?;
    let mut after = User::clone(before);
    set(&mut after.email, edit.email.clone());
    set(&mut after.name, edit.name.clone());
    set(&mut after.admin, edit.admin);
    set(&mut after.enabled, edit.enabled);
    let mut changes = replace(before.as_ref(), after);
    for name in groups(company, &edit.add_groups)? {
        changes.extend(join(company, before.id, &name, now)?);
    }
    for name in groups(company, &edit.remove_groups)? {
        changes.extend(leave(company, before.id, &name)?);
    }
    let unbound = edit.unbind.iter().map(|name| Ok(issuer_of(company, name)));
    let unbound = once::<_, Refusal>(unbound)?;
    for issuer in &unbound {
        changes.push(unbind(company, before, issuer)?);
    }
    for binding in &edit.bind {
        let issuer = issuer_to_bind(company, binding)?;
        check_free(company, before, binding, issuer, unbound.contains(&issuer))?;
        changes.extend(bind(company, before, binding, now)?);
    }
    Ok(changes)
}

/// As what accounts of a provider are kept.
fn issuer_to_bind<'a>(company: &'a Company, binding: &'a Binding) -> Result<&'a str, Refusal> {
    match binding.provider.as_str() {
        OPEN_WEBUI => Ok(OPEN_WEBUI),
        id if is_open_webui(id) && !company.providers.contains_key(id) => Ok(id),
        _ => Ok(provider::find(company, &binding.provider)?.identity_issuer()),
    }
}

/// A user has one account of a provider, and an account one user: who has another has to lose it
/// first, which is said to be wanted, and never done by the way.
fn check_free(
    company: &Company,
    user: &User,
    binding: &Binding,
    issuer: &str,
    is_unbound: bool,
) -> Result<(), Refusal> {
    let provider = &binding.provider;
    let first = |email: &EmailAddress| {
        let (email, door) = (quoted(email.as_str()), quoted(provider.as_str()));
        format!(
            "first unbind that one, on the page of the user or with gatehall user change {email} --unbind {door}"
        )
    };
    let had = company.subject_of(user.id, issuer);
    if !is_unbound && had.is_some_and(|had| had != binding.subject) {
        let email = &user.email;
        let problem =
            format!("{email} is bound to another account of {provider}: {}", first(email));
        return Err(Refusal::invalid("bind", problem));
    }
    let key = (issuer.to_owned(), binding.subject.clone());
    let whose = company.identities.get(&key).map(|it| it.user).filter(|it| *it != user.id);
    if let Some(other) = whose.and_then(|other| company.users.get(&other)) {
        let email = &other.email;
        let problem = format!("this account of {provider} is bound to {email}: {}", first(email));
        return Err(Refusal::invalid("bind", problem));
    }
    Ok(())
}

/// Says that an account is this user. One that was bound by its address is confirmed.
fn bind(
    company: &Company,
    user: &User,
    binding: &Binding,
    now: Timestamp,
) -> Result<Option<Change>, Refusal> {
    let issuer = issuer_to_bind(company, binding)?;
    let key = (issuer.to_owned(), binding.subject.clone());
    if let Some(before) = company.identities.get(&key).filter(|it| it.user == user.id) {
        let before = Identity::clone(before);
        let after = Identity { by_address: false, ..before.clone() };
        let change = Change::Replace { before: before.clone().into(), after: after.clone().into() };
        return Ok((before != after).then_some(change));
    }
    let identity = Identity {
        issuer: issuer.to_owned(),
        subject: binding.subject.clone(),
        user: user.id,
        stale: false,
        claims_said: BTreeMap::new(),
        by_address: false,
        created_at: now,
    };
    Ok(Some(Change::Add(identity.into())))
}

/// The issuer that a provider's id stands for; anything else is one itself, and so is Open WebUI,
/// whatever a provider is called.
pub fn issuer_of<'a>(company: &'a Company, name: &'a str) -> &'a str {
    if name == OPEN_WEBUI {
        return OPEN_WEBUI;
    }
    company.providers.get(name).map_or(name, |provider| provider.identity_issuer())
}

/// Forgets the account of an identity provider, so that the next one with the user's address is
/// taken for theirs.
pub(super) fn unbind(company: &Company, user: &User, issuer: &str) -> Result<Change, Refusal> {
    let subject = company.subject_of(user.id, issuer).map(str::to_owned);
    let key = subject.map(|subject| (issuer.to_owned(), subject));
    let identity = key.and_then(|key| company.identities.get(&key));
    let missing = || Refusal::missing("identity", format!("{issuer} of {}", user.email));
    Ok(Change::Remove(Identity::clone(identity.ok_or_else(missing)?).into()))
}

/// Puts a user in a group by hand; nothing if somebody did already.
pub(crate) fn join(
    company: &Company,
    user: UserId,
    group: &GroupName,
    now: Timestamp,
) -> Result<Option<Change>, Refusal> {
    let group = find_group(company, group.as_str())?.id;
    if company.memberships.contains_key(&(user, group, Source::Local)) {
        return Ok(None);
    }
    let membership = Membership { user, group, source: Source::Local, created_at: now };
    Ok(Some(Change::Add(membership.into())))
}

/// Takes a user out of a group, as far as administrators and imports put them there. A membership
/// that a provider claims comes back at the next login and has to go there.
pub(crate) fn leave(
    company: &Company,
    user: UserId,
    group: &GroupName,
) -> Result<Vec<Change>, Refusal> {
    let group = find_group(company, group.as_str())?;
    let own = [Source::Local, Source::Import];
    let given =
        own.into_iter().filter_map(|source| company.memberships.get(&(user, group.id, source)));
    let changes: Vec<Change> =
        given.map(|it| Change::Remove(Membership::clone(it).into())).collect();
    if changes.is_empty() {
        let name = format!("{} in {}", company.user_label(user), group.name);
        return Err(Refusal::missing("local membership", name));
    }
    Ok(changes)
}
