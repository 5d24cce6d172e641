use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use gatehall_domain::{Digest, ProviderId, Session, Sessions, Timestamp};
use papaya::HashMap;

/// A use is told to the others at most this often, in seconds.
const TELL: i64 = 60;

/// All sessions that have not expired, for look-ups that never wait. The same on every replica, as
/// soon as each has heard the news.
#[derive(Debug, Default)]
pub struct SessionIndex(HashMap<Digest, Arc<Entry>, foldhash::fast::RandomState>);

#[derive(Debug)]
struct Entry {
    session: Session,
    /// When it was last used, in microseconds.
    seen_at: AtomicI64,
    /// When a use was last told, in microseconds.
    told_at: AtomicI64,
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
        let sessions = self.0.pin();
        for mut session in news {
            // Only signing out needs it, and it is large.
            if let Some(login) = &mut session.login {
                login.id_token = None;
            }
            // A use that is known here may not have been told yet.
            let old = sessions.get(&session.id);
            let seen = old.map_or(0, |old| old.seen_at.load(Ordering::Relaxed));
            let seen_at = session.seen_at.micros().max(seen);
            // News that were read before an end was written must not undo it.
            session.ended_at = session.ended_at.or(old.and_then(|old| old.session.ended_at));
            let entry = Entry {
                seen_at: AtomicI64::new(seen_at),
                told_at: AtomicI64::new(session.seen_at.micros()),
                session,
            };
            sessions.insert(entry.session.id, Arc::new(entry));
        }
    }

    /// Takes in when sessions were used elsewhere.
    pub fn seen(&self, uses: impl IntoIterator<Item = (Digest, Timestamp)>) {
        let sessions = self.0.pin();
        for (id, at) in uses {
            if let Some(entry) = sessions.get(&id) {
                entry.seen_at.fetch_max(at.micros(), Ordering::Relaxed);
                entry.told_at.fetch_max(at.micros(), Ordering::Relaxed);
            }
        }
    }

    /// Forgets what has expired.
    pub fn sweep(&self, now: Timestamp) {
        self.0.pin().retain(|_, entry| entry.session.expires_at > now);
    }

    /// The uses that nobody was told of yet.
    pub fn untold(&self) -> Vec<(Digest, Timestamp)> {
        let sessions = self.0.pin();
        let news = sessions.values().filter(|entry| entry.session.ended_at.is_none());
        let news = news.filter_map(|entry| {
            let seen_at = entry.seen_at.load(Ordering::Relaxed);
            let told_at = entry.told_at.load(Ordering::Relaxed);
            (seen_at >= told_at + TELL * 1_000_000).then(|| {
                entry.told_at.store(seen_at, Ordering::Relaxed);
                (entry.session.id, Timestamp::from_micros(seen_at))
            })
        });
        news.collect()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Ends sessions here at once. The store tells the others.
    pub fn end(&self, which: &Sessions, now: Timestamp) {
        let sessions = self.0.pin();
        for entry in sessions.values().filter(|entry| means(which, &entry.session)) {
            let ended = Session { ended_at: Some(now), ..entry.session.clone() };
            sessions.insert(
                ended.id,
                Arc::new(Entry {
                    seen_at: AtomicI64::new(ended.seen_at.micros()),
                    told_at: AtomicI64::new(ended.seen_at.micros()),
                    session: ended,
                }),
            );
        }
    }

    /// Whether an account has signed in at this time or later, in seconds since 1970.
    pub(crate) fn began_since(&self, issuer: &str, subject: &str, seconds: i64) -> bool {
        self.0.pin().values().any(|entry| {
            entry.session.created_at.seconds() >= seconds
                && entry
                    .session
                    .login
                    .as_ref()
                    .is_some_and(|login| login.issuer == issuer && login.subject == subject)
        })
    }

    pub(super) fn look_up(&self, id: &Digest, now: Timestamp, idle_seconds: i64) -> Known {
        let sessions = self.0.pin();
        let Some(entry) = sessions.get(id) else { return Known::Unheard };
        let session = &entry.session;
        let seen_at = Timestamp::from_micros(entry.seen_at.load(Ordering::Relaxed));
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
        if let Some(entry) = self.0.pin().get(id) {
            entry.seen_at.fetch_max(now.micros(), Ordering::Relaxed);
        }
    }
}

fn means(which: &Sessions, it: &Session) -> bool {
    match which {
        Sessions::One(id) => it.id == *id,
        Sessions::User(user) => it.user == *user,
        Sessions::Account { issuer, subject, session } => it.login.as_ref().is_some_and(|login| {
            login.issuer == *issuer
                && subject.as_ref().is_none_or(|it| login.subject == *it)
                && session.as_ref().is_none_or(|it| match &login.session {
                    Some(own) => own == it,
                    // A provider that names sessions only when it ends them means the account.
                    None => subject.is_some(),
                })
        }),
    }
}

#[cfg(test)]
mod tests {
    use gatehall_domain::UserId;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn session(number: u8) -> Session {
        Session {
            id: Digest([number; 32]),
            user: UserId(uuid::Uuid::from_u128(number.into())),
            login: None,
            authenticated_at: at(0),
            created_at: at(0),
            seen_at: at(0),
            expires_at: at(1000),
            ended_at: None,
        }
    }

    fn live(index: &SessionIndex, number: u8, now: i64) -> bool {
        looked_at(index, number, now) && {
            index.used(&Digest([number; 32]), at(now));
            true
        }
    }

    fn looked_at(index: &SessionIndex, number: u8, now: i64) -> bool {
        matches!(index.look_up(&Digest([number; 32]), at(now), 100), Known::Live { .. })
    }

    #[test]
    fn a_session_lives_while_it_is_used_and_not_longer_than_its_life() {
        let index = SessionIndex::default();
        index.learn([session(1), session(2)]);
        assert!(live(&index, 1, 99), "used in time");
        assert!(live(&index, 1, 198), "each use counts");
        assert!(!live(&index, 2, 198), "unused for too long");
        assert!(looked_at(&index, 1, 290) && !live(&index, 1, 299), "a look is no use");
        index.seen([(Digest([1; 32]), at(200))]);
        for now in (198..1000).step_by(90) {
            assert!(live(&index, 1, now));
        }
        assert!(!live(&index, 1, 1000), "its life is over");
        assert!(!live(&index, 9, 1), "unheard of");
    }

    #[test]
    fn news_of_a_use_elsewhere_do_not_undo_a_use_here() {
        let index = SessionIndex::default();
        index.learn([session(1)]);
        assert!(live(&index, 1, 90));
        assert_eq!(index.untold(), [(Digest([1; 32]), at(90))]);
        assert_eq!(index.untold(), [], "told once");
        index.learn([Session { seen_at: at(50), ..session(1) }]);
        index.seen([(Digest([1; 32]), at(60)), (Digest([9; 32]), at(60))]);
        assert!(live(&index, 1, 185));
        index.seen([(Digest([1; 32]), at(300))]);
        assert!(live(&index, 1, 390), "used elsewhere");
    }

    #[test]
    fn an_end_lasts() {
        let index = SessionIndex::default();
        index.learn([session(1), session(2)]);
        index.end(&Sessions::User(session(1).user), at(5));
        assert!(!live(&index, 1, 6) && live(&index, 2, 6));
        index.learn([session(1)]);
        assert!(!live(&index, 1, 6), "news from before the end do not undo it");
        index.sweep(at(1000));
        assert!(matches!(index.look_up(&Digest([1; 32]), at(6), 100), Known::Unheard));
    }
}
