use super::Company;
use crate::{Effect, EmailAddress, Grant, Subject};

impl Company {
    /// The grants that open something to whoever has this address, by a pattern: also to somebody
    /// who is unknown here as yet.
    pub fn grants_by_address(&self, email: &EmailAddress) -> impl Iterator<Item = &Grant> {
        let grants = self.grants.values().map(AsRef::as_ref);
        grants.filter(move |grant| match &grant.subject {
            Subject::Pattern(pattern) => grant.effect == Effect::Allow && pattern.matches(email),
            Subject::Group(_) | Subject::User(_) => false,
        })
    }
}
