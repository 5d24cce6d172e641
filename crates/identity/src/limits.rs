//! How often somebody may come. Each replica counts for itself.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
};

use gatehall_domain::{Caller, ConnectionId, KeyId, TenantId, UserId};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use crate::Rejection;

/// How often each may come within a minute; 0 for no limit.
#[derive(Debug, Clone, Copy)]
pub struct LimitSettings {
    /// Calls of tools by one user.
    pub user_calls: u32,
    /// Calls of tools of one tenant.
    pub tenant_calls: u32,
    /// Calls of tools of one connection.
    pub connection_calls: u32,
    /// Requests without a good proof, from one address.
    pub unproven: u32,
    /// Steps of a sign-in, from one address and by one account.
    pub sign_ins: u32,
}

/// Counts, each by its own key.
pub(crate) struct Limits {
    user_calls: Limit<UserId>,
    strangers_calls: Limit<KeyId>,
    tenant_calls: Limit<TenantId>,
    connection_calls: Limit<ConnectionId>,
    unproven: Limit<IpAddr>,
    sign_ins: Limit<IpAddr>,
    accounts: Limit<String>,
    notes: Limit<(IpAddr, &'static str)>,
    people: Limit<(String, &'static str)>,
}

/// The same refusal of one address is noted so often within a minute.
const NOTES: u32 = 10;

/// And that of one person, whom others come with from one address, so often.
const NOTES_OF_PERSON: u32 = 1;

struct Limit<K: Hash + Eq + Clone>(Option<DefaultKeyedRateLimiter<K>>);

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(per_minute: u32) -> Self {
        Self(NonZeroU32::new(per_minute).map(|count| RateLimiter::keyed(Quota::per_minute(count))))
    }

    /// Counts one; too many are told how long to wait.
    fn count(&self, key: &K) -> Result<(), Rejection> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Rejection::TooMany(wait.as_secs() + 1)
        })
    }

    /// Forgets those who have not come for a while.
    fn sweep(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

impl Limits {
    pub(crate) fn new(settings: &LimitSettings) -> Self {
        Self {
            user_calls: Limit::new(settings.user_calls),
            strangers_calls: Limit::new(settings.user_calls),
            tenant_calls: Limit::new(settings.tenant_calls),
            connection_calls: Limit::new(settings.connection_calls),
            unproven: Limit::new(settings.unproven),
            sign_ins: Limit::new(settings.sign_ins),
            accounts: Limit::new(settings.sign_ins),
            notes: Limit::new(NOTES),
            people: Limit::new(NOTES_OF_PERSON),
        }
    }

    pub(crate) fn call(
        &self,
        user: Option<UserId>,
        tenant: Option<&TenantId>,
        connection: ConnectionId,
    ) -> Result<(), Rejection> {
        if let Some(user) = user {
            self.user_calls.count(&user)?;
        }
        if let Some(tenant) = tenant {
            self.tenant_calls.count(tenant)?;
        }
        self.connection_calls.count(&connection)
    }

    pub(crate) fn refused_call(&self, caller: &Caller) -> Result<(), Rejection> {
        match (caller.user, &caller.key) {
            (Some(user), _) => self.user_calls.count(&user),
            // Callers who are nobody here share one count for each key.
            (None, Some(key)) => self.strangers_calls.count(key),
            (None, None) => Ok(()),
        }
    }

    pub(crate) fn unproven(&self, address: IpAddr) -> Result<(), Rejection> {
        self.unproven.count(&network(address))
    }

    pub(crate) fn sign_in(&self, address: IpAddr) -> Result<(), Rejection> {
        self.sign_ins.count(&network(address))
    }

    pub(crate) fn account(&self, account: &str) -> Result<(), Rejection> {
        self.accounts.count(&account.to_owned())
    }

    /// Whether a refusal is still news.
    pub(crate) fn may_note(&self, address: IpAddr, rule: &'static str) -> bool {
        self.notes.count(&(network(address), rule)).is_ok()
    }

    /// Whether a refusal of this person is still news. Nobody is one, too.
    pub(crate) fn may_note_person(&self, person: &str, rule: &'static str) -> bool {
        self.people.count(&(person.to_owned(), rule)).is_ok()
    }

    pub(crate) fn sweep(&self) {
        self.notes.sweep();
        self.people.sweep();
        self.user_calls.sweep();
        self.tenant_calls.sweep();
        self.connection_calls.sweep();
        self.unproven.sweep();
        self.sign_ins.sweep();
        self.accounts.sweep();
    }
}

/// Of an IPv6 address the part that belongs to one customer: the rest they can choose freely.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_spend_what_belongs_to_another() {
        let settings = LimitSettings {
            user_calls: 0,
            tenant_calls: 0,
            connection_calls: 0,
            unproven: 3,
            sign_ins: 1,
        };
        let limits = Limits::new(&settings);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let come = |text: &str| limits.unproven(address(text)).is_ok();
        assert_eq!([0; 5].map(|_| come("192.0.2.1")), [true, true, true, false, false]);
        assert!(come("192.0.2.2"));
        assert!(!come("::ffff:192.0.2.1"), "the same address, written otherwise");
        assert_eq!(
            [1, 2, 3, 4].map(|n| come(&format!("2001:db8::{n}"))),
            [true, true, true, false]
        );
        assert!(matches!(limits.unproven(address("192.0.2.1")), Err(Rejection::TooMany(1..=60))));
        let nobody = (None, None, ConnectionId(uuid::Uuid::nil()));
        assert!((0..1000).all(|_| limits.call(nobody.0, nobody.1, nobody.2).is_ok()), "no limit");
    }
}
