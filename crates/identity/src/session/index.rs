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
        let sessions = self.sessions.pin();
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
            session.ended_at = session.ended_at.or_else(|| self.owed.end_of(&session));
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
        let sessions = self.sessions.pin();
        for (id, at) in uses {
            if let Some(entry) = sessions.get(&id) {
                entry.seen_at.fetch_max(at.micros(), Ordering::Relaxed);
                entry.told_at.fetch_max(at.micros(), Ordering::Relaxed);
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
        self.sessions.len()
    }

    /// Ends sessions here at once. The store tells the others.
    pub fn end(&self, which: &Sessions, now: Timestamp) {
        let sessions = self.sessions.pin();
        for entry in sessions.values().filter(|entry| which.means(&entry.session)) {
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
        if let Some(entry) = self.sessions.pin().get(id) {
            entry.seen_at.fetch_max(now.micros(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn user(number: u8) -> UserId {
        UserId(uuid::Uuid::from_u128(number.into()))
    }

    fn session(number: u8) -> Session {
        Session {
            id: Digest([number; 32]),
            user: user(number),
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
        matches!(
            index.look_up(&Digest([number; 32]), user(number), at(now), 100),
            Known::Live { .. }
        )
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
        assert!(matches!(index.look_up(&Digest([1; 32]), user(1), at(6), 100), Known::Unheard));
    }

    #[test]
    fn an_end_that_the_store_does_not_have_holds_whatever_the_store_says() {
        let index = SessionIndex::default();
        index.learn([session(1)]);
        for which in [Sessions::One(Digest([1; 32])), Sessions::User(user(2))] {
            index.end(&which, at(5));
            index.owe(&which, at(5));
        }
        index.sweep(at(6));
        index.learn([session(1), session(2)]);
        assert!(!live(&index, 1, 6) && !live(&index, 2, 6), "also what was not heard of then");
        let look = |number| index.look_up(&Digest([9; 32]), user(number), at(6), 100);
        assert!(matches!(look(2), Known::Over), "a cookie that is not heard of yet");
        assert!(matches!(look(3), Known::Unheard));
        index.learn([Session { created_at: at(7), id: Digest([3; 32]), ..session(2) }]);
        assert!(live(&index, 3, 8), "what began later is not meant");
        assert_eq!(index.owed().len(), 2);
        index.paid(&Sessions::User(user(2)), at(5));
        assert_eq!(index.owed(), [(Sessions::One(Digest([1; 32])), at(5))]);
    }

    #[test]
    fn an_end_that_was_asked_for_again_is_owed_until_that_is_written() {
        let index = SessionIndex::default();
        let which = Sessions::User(user(1));
        index.owe(&which, at(5));
        assert_eq!(index.owed(), [(which.clone(), at(5))]);
        // While that is written, the sessions are ended again, which cannot be written.
        index.owe(&which, at(9));
        index.paid(&which, at(5));
        assert_eq!(index.owed(), [(which.clone(), at(9))]);
        index.learn([Session { created_at: at(7), ..session(1) }]);
        assert!(!live(&index, 1, 10), "what began between the two is over");
        index.owe(&which, at(8));
        assert_eq!(index.owed(), [(which.clone(), at(9))], "the later one counts");
        index.paid(&which, at(9));
        assert_eq!(index.owed(), []);
    }

    #[test]
    fn what_nobody_proves_is_owed_only_for_sessions_that_are_known() {
        let index = SessionIndex::default();
        let named = |number: u8, sid: &str| Session {
            login: Some(gatehall_domain::ProviderLogin {
                provider: "id".parse().unwrap(),
                issuer: "https://id.example".into(),
                subject: "s".into(),
                session: Some(sid.into()),
                issued_at: None,
                id_token: None,
            }),
            ..session(number)
        };
        let ended = |sid: &str| Sessions::Account {
            issuer: "https://id.example".into(),
            subject: None,
            session: Some(sid.into()),
            until: None,
        };
        index.learn([named(1, "one"), named(2, "two")]);
        for number in 0..10 {
            assert_eq!(index.end_claimed(&ended(&format!("guess {number}")), at(5)), []);
        }
        assert_eq!(index.owed(), []);
        let one = Sessions::One(Digest([1; 32]));
        assert_eq!(index.end_claimed(&ended("one"), at(5)), std::slice::from_ref(&one));
        assert_eq!(index.end_claimed(&ended("one"), at(6)), [], "it has ended");
        assert_eq!(index.owed(), [(one, at(5))]);
        assert!(!live(&index, 1, 6) && live(&index, 2, 6));
        let look = index.look_up(&Digest([9; 32]), user(9), at(6), 100);
        assert!(matches!(look, Known::Unheard), "the cookies of others count");
    }

    #[test]
    fn what_is_owed_has_a_bound() {
        let index = SessionIndex::default();
        let ended = |number: i64| Sessions::Account {
            issuer: "https://id.example".into(),
            subject: Some("s".into()),
            session: None,
            until: Some(number),
        };
        (0..1_100).for_each(|number| index.owe(&ended(number), at(5)));
        assert_eq!(index.owed().len(), 1_000);
        index.owe(&ended(0), at(6));
        assert!(index.owed().contains(&(ended(0), at(6))), "what is owed already may change");
    }

    #[test]
    fn a_logout_ends_what_began_before_it_by_the_providers_clock() {
        let index = SessionIndex::default();
        let login = |issued_at| gatehall_domain::ProviderLogin {
            provider: "id".parse().unwrap(),
            issuer: "https://id.example".into(),
            subject: "s".into(),
            session: None,
            issued_at,
            id_token: None,
        };
        // This machine's clock is far ahead of the provider's.
        let begun = |number, issued_at, created: i64| Session {
            login: Some(login(issued_at)),
            created_at: at(created),
            ..session(number)
        };
        let all = [begun(1, Some(10), 200), begun(2, Some(20), 210), begun(3, Some(21), 211)];
        index.learn(all);
        index.learn([begun(4, None, 80), begun(5, None, 81)]);
        let logout = Sessions::Account {
            issuer: "https://id.example".into(),
            subject: Some("s".into()),
            session: None,
            until: Some(20),
        };
        index.end(&logout, at(212));
        let alive = [1, 2, 3, 4, 5].map(|number| {
            index.sessions.pin().get(&Digest([number; 32])).unwrap().session.ended_at.is_none()
        });
        assert_eq!(alive, [false, false, true, false, true]);
    }
}
