//! What administrators have to hear of Open WebUIs: secrets that do not fit, accounts that changed.
//! Each gate remembers it for some minutes, and tells it to the others through the store.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use gatehall_domain::{Company, KeyId, RefusedAccount, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::setting::ChatSetting;
use crate::Newcomers;

/// Minutes for which misfits are remembered.
const MINUTES: i64 = 5;

/// As many places are told apart; further ones count as the last.
const PLACES: usize = 50;

/// As many accounts wait to be told. More come again within a minute.
const ACCOUNTS: usize = 10_000;

/// What a gate says of Open WebUIs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatSaid {
    /// Those that it knows.
    pub chats: Vec<ChatSetting>,
    /// Headers of the last five minutes whose signature fits the secret of none.
    pub misfits: Vec<Misfit>,
    /// Which people are added whom one of them vouches for; none if it is not said.
    #[serde(default)]
    pub adds: Option<Newcomers>,
    /// How many seconds the last header lasted that an Open WebUI signed, by its name.
    #[serde(default)]
    pub lives: BTreeMap<String, i64>,
    /// When a service key last came with a user whom nobody signed, in seconds since 1970; 0 if none
    /// did.
    #[serde(default)]
    pub plain_at: i64,
}

impl ChatSaid {
    /// For the store.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As another gate, perhaps of another version, said it.
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// Signed user headers of one place that fit no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// The service key that they came with; none if they came beside another proof.
    pub key: Option<String>,
    /// Where they came from.
    pub address: IpAddr,
    /// How many.
    pub count: u64,
}

/// Where from, and in which minute.
type Place = (i64, Option<String>, IpAddr);

/// What is to be told.
#[derive(Debug, Default)]
pub(crate) struct ChatNews {
    misfits: Mutex<BTreeMap<Place, u64>>,
    accounts: Mutex<BTreeMap<(String, UserId), RefusedAccount>>,
    /// When headers came that nobody signed, in seconds since 1970.
    plain_at: AtomicI64,
}

impl ChatNews {
    /// Notes that a service key came with a user whom nobody signed.
    pub(crate) fn plain(&self, now: Timestamp) {
        // Once a second at most, since every request of such a key comes here.
        if self.plain_at.load(Ordering::Relaxed) != now.seconds() {
            self.plain_at.store(now.seconds(), Ordering::Relaxed);
        }
    }

    /// When one came last.
    pub(crate) fn plain_at(&self) -> i64 {
        self.plain_at.load(Ordering::Relaxed)
    }

    /// Counts a header that fits no secret. Only what fails comes here, never what is served.
    pub(crate) fn misfit(&self, key: Option<&KeyId>, address: IpAddr, now: Timestamp) {
        let minute = now.seconds().div_euclid(60);
        let place = (minute, key.map(ToString::to_string), address.to_canonical());
        let mut misfits = lock(&self.misfits);
        misfits.retain(|(at, ..), _| minute - at < MINUTES);
        match misfits.len() < PLACES || misfits.contains_key(&place) {
            true => *misfits.entry(place).or_default() += 1,
            false => {
                if let Some(mut last) = misfits.last_entry() {
                    *last.get_mut() += 1;
                }
            }
        }
    }

    /// Those of the last minutes, by place.
    pub(crate) fn misfits(&self, now: Timestamp) -> Vec<Misfit> {
        let minute = now.seconds().div_euclid(60);
        let mut places: BTreeMap<(Option<String>, IpAddr), u64> = BTreeMap::new();
        for ((at, key, address), count) in lock(&self.misfits).iter() {
            if minute - at < MINUTES {
                *places.entry((key.clone(), *address)).or_default() += count;
            }
        }
        let misfit = |((key, address), count)| Misfit { key, address, count };
        places.into_iter().map(misfit).collect()
    }

    /// Remembers an account that was not let in.
    pub(crate) fn refused(&self, account: RefusedAccount) {
        let mut accounts = lock(&self.accounts);
        let place = (account.issuer.clone(), account.user);
        if accounts.len() < ACCOUNTS || accounts.contains_key(&place) {
            accounts.insert(place, account);
        }
    }

    /// Takes those out that were not told yet, and of which somebody still has to decide.
    pub(crate) fn take_refused(&self, company: &Company) -> Vec<RefusedAccount> {
        let accounts = std::mem::take(&mut *lock(&self.accounts));
        accounts.into_values().filter(|it| it.is_open(company)).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn misfits_are_counted_by_place_and_forgotten_after_some_minutes() {
        let news = ChatNews::default();
        let key: KeyId = "abcdefghijkl".parse().unwrap();
        let [one, two]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|it| it.parse().unwrap());
        news.misfit(Some(&key), one, at(0));
        news.misfit(Some(&key), "::ffff:192.0.2.1".parse().unwrap(), at(70));
        news.misfit(None, two, at(70));
        let counts = |now| -> Vec<(IpAddr, u64)> {
            news.misfits(now).into_iter().map(|it| (it.address, it.count)).collect()
        };
        assert_eq!(counts(at(80)), [(two, 1), (one, 2)]);
        assert_eq!(counts(at(5 * 60)), [(two, 1), (one, 1)], "the first is too old");
        assert_eq!(counts(at(7 * 60)), []);
        for n in 0..1000_u32 {
            news.misfit(None, IpAddr::from(n.to_be_bytes()), at(80));
        }
        let all = news.misfits(at(80));
        assert_eq!(all.iter().map(|it| it.count).sum::<u64>(), 1003, "none is lost");
        assert!(all.len() <= PLACES, "{} places", all.len());
    }
}
