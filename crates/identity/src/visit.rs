//! From what a source vouches for to a user here: linked or added, with the groups it said.

use std::collections::{BTreeMap, HashSet};

use gatehall_domain::{
    Change, ClaimSaid, Company, EmailAddress, GroupId, Identity, Membership, ProviderId, Source,
    Timestamp, User, UserId, names,
};
use uuid::Uuid;

use crate::{
    Newcomers, Rejection,
    rejection::{OtherAccount, PersonFault},
};

/// Somebody came, and a source vouches for who it is.
#[derive(Debug, Clone)]
pub struct Visit {
    /// As in [`Identity`].
    pub issuer: String,
    /// As in [`Identity`].
    pub subject: String,
    /// Entra ID: the directory.
    pub tenant_id: Option<String>,
    /// Who vouches.
    pub vouched: Vouched,
    /// The address, if the source is believed about it.
    pub email: Option<EmailAddress>,
    /// Why the source is not believed about the address, if it is not.
    pub doubt: Option<Rejection>,
    /// Whether an address alone binds the account of somebody who administers something.
    pub binds_admins: bool,
    /// The name, or nothing.
    pub name: String,
    /// Which unknown users are added.
    pub add: Newcomers,
    /// What the source said about groups; none if it never does.
    pub said: Option<Said>,
}

/// Who vouches for a visitor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Vouched {
    /// The Open WebUI of this name, by its signed header.
    OpenWebUi(String),
    /// An OpenID provider.
    Provider(ProviderId),
}

/// What a provider said about groups.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The values by claim. Of a claim that is not here nothing was said.
    pub values: BTreeMap<String, Vec<String>>,
    /// Set if it could not say all of it, so that what it said before is kept.
    pub stale: bool,
}

impl Visit {
    /// The user here, and the changes that make the company agree with what was said. Pure, so
    /// that it can be done again when somebody else changed the company meanwhile.
    ///
    /// # Errors
    /// Why this visitor is nobody here.
    pub fn settle(
        &self,
        company: &Company,
        now: Timestamp,
    ) -> Result<(UserId, Vec<Change>), Rejection> {
        let mut changes = Vec::new();
        let user = match company.user_by_identity(&self.issuer, &self.subject) {
            Some(user) => {
                self.refresh(company, user, &mut changes);
                user.id
            }
            None => self.link_or_add(company, now, &mut changes)?,
        };
        if let (Vouched::Provider(provider), Some(said)) = (&self.vouched, &self.said) {
            self.settle_groups(company, user, provider, said, now, &mut changes);
        }
        Ok((user, changes))
    }

    /// Follows a known user's name, and whether what is known of their groups is still true.
    fn refresh(&self, company: &Company, user: &User, changes: &mut Vec<Change>) {
        self.rename(user, changes);
        let key = (self.issuer.clone(), self.subject.clone());
        let (Some(said), Some(identity)) = (&self.said, company.identities.get(&key)) else {
            return;
        };
        let before = Identity::clone(identity);
        let mut after = Identity { stale: said.stale, ..before.clone() };
        for (claim, at) in self.claims_said(company) {
            let known = after.claims_said.entry(claim).or_insert(at);
            *known = at.max(*known);
        }
        if after != before {
            changes.push(Change::Replace { before: before.into(), after: after.into() });
        }
    }

    /// What was said of that which puts people in groups here. It is dated by the mappings and not
    /// by the clock, so that nothing has to be written as long as they stay.
    fn claims_said(&self, company: &Company) -> BTreeMap<ClaimSaid, Timestamp> {
        let (Vouched::Provider(provider), Some(said)) = (&self.vouched, &self.said) else {
            return BTreeMap::new();
        };
        let mut claims = company.claims_of(provider);
        claims.retain(|it, _| said.values.contains_key(&it.claim));
        claims
    }

    /// A provider's name for a user counts, Open WebUI's does not.
    fn rename(&self, user: &User, changes: &mut Vec<Change>) {
        if !self.name.is_empty() && self.name != user.name && self.said.is_some() {
            let after = User { name: self.name.clone(), ..user.clone() };
            changes.push(Change::Replace { before: user.clone().into(), after: after.into() });
        }
    }

    fn link_or_add(
        &self,
        company: &Company,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) -> Result<UserId, Rejection> {
        if let Some(doubt) = &self.doubt {
            return Err(doubt.clone());
        }
        let email = self.email.as_ref().ok_or(Rejection::Person(PersonFault::Address))?;
        // An account or a user whose row cannot be read may have been disabled.
        let unread = Rejection::Person(PersonFault::Unread);
        if company.set_aside().may_be_bound(&self.issuer, &self.subject) {
            return Err(unread);
        }
        let user = match company.user_by_email(email) {
            Some(user) => {
                // An address can move to somebody else there; the account cannot.
                if company.subject_of(user.id, &self.issuer).is_some() {
                    return Err(Rejection::OtherAccount(Box::new(OtherAccount {
                        email: email.clone(),
                        source_name: self.source_name(),
                        issuer: self.issuer.clone(),
                        subject: self.subject.clone(),
                    })));
                }
                if !self.binds_admins && company.administers(user.id) {
                    return Err(Rejection::AddressAlone(email.clone(), self.account()));
                }
                self.rename(user, changes);
                user.id
            }
            None if company.set_aside().may_be_user(email) => return Err(unread),
            None if self.add.admit(email, company) => {
                let user = User {
                    id: UserId(Uuid::now_v7()),
                    email: email.clone(),
                    name: self.name.clone(),
                    admin: false,
                    enabled: true,
                    created_at: now,
                };
                let id = user.id;
                changes.push(Change::Add(user.into()));
                id
            }
            None => return Err(Rejection::Person(PersonFault::Unknown)),
        };
        let identity = Identity {
            issuer: self.issuer.clone(),
            subject: self.subject.clone(),
            user,
            stale: self.said.as_ref().is_some_and(|said| said.stale),
            claims_said: self.claims_said(company),
            by_address: true,
            created_at: now,
        };
        changes.push(Change::Add(identity.into()));
        Ok(user)
    }

    /// Gives the memberships that the mappings make of what was said, and takes back those that
    /// this provider gave and no longer says. What others gave stays.
    fn settle_groups(
        &self,
        company: &Company,
        user: UserId,
        provider: &ProviderId,
        said: &Said,
        now: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let (mut wanted, mut unsaid) = (HashSet::<GroupId>::new(), HashSet::<GroupId>::new());
        for mapping in company.mappings_of(provider) {
            if mapping.tenant_id.is_some() && mapping.tenant_id != self.tenant_id {
                continue;
            }
            match said.values.get(&mapping.claim) {
                Some(values) if values.contains(&mapping.value) => wanted.insert(mapping.group),
                Some(_) => false,
                None => unsaid.insert(mapping.group),
            };
        }
        let source = Source::Claim(provider.to_string());
        let given: HashSet<GroupId> = company
            .groups
            .keys()
            .copied()
            .filter(|group| company.memberships.contains_key(&(user, *group, source.clone())))
            .collect();
        for group in wanted.difference(&given) {
            let membership =
                Membership { user, group: *group, source: source.clone(), created_at: now };
            changes.push(Change::Add(membership.into()));
        }
        for group in given.difference(&wanted).filter(|group| !unsaid.contains(group)) {
            if let Some(it) = company.memberships.get(&(user, *group, source.clone())) {
                changes.push(Change::Remove(Membership::clone(it).into()));
            }
        }
    }

    /// The account, as somebody binds it at the command line.
    fn account(&self) -> String {
        format!("{}={}", self.source_name(), names::shown(&self.subject, 255))
    }

    fn source_name(&self) -> String {
        match &self.vouched {
            Vouched::OpenWebUi(name) => name.clone(),
            Vouched::Provider(provider) => provider.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
