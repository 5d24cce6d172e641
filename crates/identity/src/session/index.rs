use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use gatehall_domain::{Digest, ProviderId, Session, Sessions, Timestamp, UserId};
use papaya::HashMap;

use super::owed::Owed;

/// A use is told to the others at most this often, in seconds.
const TELL: i64 = 60;

/// All sessions that have not expired, for look-ups that never wait. The same on every replica, as
/// soon as each has heard the news.
#[derive(Debug, Default)]
pub struct SessionIndex {
    sessions: HashMap<Digest, Arc<Entry>, foldhash::fast::RandomState>,
    owed: Owed,
}

#[derive(Debug)]
struct Entry {
    session: Session,
    /// The same for all entries that a session ever had, so that a use which is noted while news
    /// come in is not lost with the entry that it found.
    uses: Arc<Uses>,
}

#[derive(Debug)]
struct Uses {
    /// When it was last used, in microseconds.
    seen_at: AtomicI64,
    /// When a use was last told, in microseconds.
    told_at: AtomicI64,
}

impl Uses {
    fn new(at: i64) -> Arc<Self> {
        Arc::new(Self { seen_at: AtomicI64::new(at), told_at: AtomicI64::new(at) })
    }

    /// The store has a use.
    fn seen(&self, at: i64) {
        self.seen_at.fetch_max(at, Ordering::Relaxed);
        self.told_at.fetch_max(at, Ordering::Relaxed);
    }
}

/// What is known of a session.
pub(super) enum Known {
    Live { authenticated_at: Timestamp, provider: Option<ProviderId> },
    Over,
    Unheard,
}

impl SessionIndex {
    /// Takes in sessions as the store has them.
    pub fn learn(&self, news: impl IntoIterator<Item = Session>) {
        let sessions = self.sessions.pin();
        for mut session in news {
            // Only signing out needs it, and it is large.
            if let Some(login) = &mut session.login {
                login.id_token = None;
            }
            let at = session.seen_at.micros();
            // Tried again if somebody else was faster: neither a use nor an end of theirs is lost.
            let entry = |old: Option<&Arc<Entry>>| {
                let mut session = session.clone();
                // News that were read before an end was written must not undo it.
                session.ended_at = session.ended_at.or(old.and_then(|old| old.session.ended_at));
                session.ended_at = session.ended_at.or_else(|| self.owed.end_of(&session));
                let uses = old.map_or_else(|| Uses::new(at), |old| Arc::clone(&old.uses));
                uses.seen(at);
                Arc::new(Entry { session, uses })
            };
            sessions.update_or_insert_with(session.id, |old| entry(Some(old)), || entry(None));
        }
    }

    /// Takes in when sessions were used elsewhere.
    pub fn seen(&self, uses: impl IntoIterator<Item = (Digest, Timestamp)>) {
        let sessions = self.sessions.pin();
        for (id, at) in uses {
            if let Some(entry) = sessions.get(&id) {
                entry.uses.seen(at.micros());
            }
        }
    }

    /// Forgets what has expired.
    pub fn sweep(&self, now: Timestamp) {
        self.sessions.pin().retain(|_, entry| entry.session.expires_at > now);
    }

    /// The uses that nobody was told of yet.
    pub fn untold(&self) -> Vec<(Digest, Timestamp)> {
        let sessions = self.sessions.pin();
        let news = sessions.values().filter(|entry| entry.session.ended_at.is_none());
        let news = news.filter_map(|entry| {
            let Uses { seen_at, told_at } = entry.uses.as_ref();
            let seen = seen_at.load(Ordering::Relaxed);
            (seen >= told_at.load(Ordering::Relaxed) + TELL * 1_000_000).then(|| {
                told_at.store(seen, Ordering::Relaxed);
                (entry.session.id, Timestamp::from_micros(seen))
            })
        });
        news.collect()
    }

    /// The store did not take these uses: they are told again.
    pub fn not_told(&self, uses: &[(Digest, Timestamp)]) {
        let sessions = self.sessions.pin();
        for (id, at) in uses {
            let Some(entry) = sessions.get(id) else { continue };
            let (told, before) = (at.micros(), entry.session.seen_at.micros());
            // Others may have told of a later use meanwhile.
            let _ = entry.uses.told_at.compare_exchange(
                told,
                before.min(told - TELL * 1_000_000),
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.sessions.len()
    }

    /// Ends sessions here at once. The store tells the others.
    pub fn end(&self, which: &Sessions, now: Timestamp) {
        let sessions = self.sessions.pin();
        let end = |id: Digest| {
            sessions.update(id, |entry| {
                let session = Session { ended_at: Some(now), ..entry.session.clone() };
                Arc::new(Entry { session, uses: Arc::clone(&entry.uses) })
            });
        };
        match which {
            Sessions::One(id) => end(*id),
            Sessions::User(_) | Sessions::Account { .. } => {
                let meant = sessions.values().filter(|entry| which.means(&entry.session));
                meant.for_each(|entry| end(entry.session.id));
            }
        }
    }

    /// Ends sessions here at once of which somebody only says that they have ended. It is remembered
    /// of those that are known here alone, so that nobody can have it remembered of what never was.
    /// Answers with what is.
    pub fn end_claimed(&self, which: &Sessions, now: Timestamp) -> Vec<Sessions> {
        let meant: Vec<Sessions> = {
            let sessions = self.sessions.pin();
            let live = sessions.values().filter(|entry| entry.session.ended_at.is_none());
            let meant = live.filter(|entry| which.means(&entry.session));
            meant.map(|entry| Sessions::One(entry.session.id)).collect()
        };
        for one in &meant {
            self.owe(one, now);
            self.end(one, now);
        }
        meant
    }

    /// Remembers an end until the store has it: whatever the store says meanwhile, what began before
    /// the end is over.
    pub fn owe(&self, which: &Sessions, now: Timestamp) {
        self.owed.add(which, now);
    }

    /// The store has an end that was asked for then.
    pub fn paid(&self, which: &Sessions, at: Timestamp) {
        self.owed.paid(which, at);
    }

    /// The ends that the store does not have yet.
    pub fn owed(&self) -> Vec<(Sessions, Timestamp)> {
        self.owed.all()
    }

    /// Whether an account has signed in at this time or later, in seconds since 1970.
    pub(crate) fn began_since(&self, issuer: &str, subject: &str, seconds: i64) -> bool {
        self.sessions.pin().values().any(|entry| {
            entry.session.created_at.seconds() >= seconds
                && entry
                    .session
                    .login
                    .as_ref()
                    .is_some_and(|login| login.issuer == issuer && login.subject == subject)
        })
    }

    pub(super) fn look_up(
        &self,
        id: &Digest,
        user: UserId,
        now: Timestamp,
        idle_seconds: i64,
    ) -> Known {
        let sessions = self.sessions.pin();
        let Some(entry) = sessions.get(id) else {
            return if self.owed.may_mean(id, user) { Known::Over } else { Known::Unheard };
        };
        let session = &entry.session;
        let seen_at = Timestamp::from_micros(entry.uses.seen_at.load(Ordering::Relaxed));
        if session.ended_at.is_some()
            || session.expires_at <= now
            || seen_at.plus_seconds(idle_seconds) <= now
        {
            return Known::Over;
        }
        let provider = session.login.as_ref().map(|login| login.provider.clone());
        Known::Live { authenticated_at: session.authenticated_at, provider }
    }

    /// Notes that somebody uses a session, so that it does not end as an idle one.
    pub(crate) fn used(&self, id: &Digest, now: Timestamp) {
        if let Some(entry) = self.sessions.pin().get(id) {
            entry.uses.seen_at.fetch_max(now.micros(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
