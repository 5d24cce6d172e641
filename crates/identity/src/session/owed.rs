use gatehall_domain::{Digest, Session, Sessions, Timestamp, UserId};
use papaya::HashMap;

/// As many ends of single sessions and of users are kept; there are hardly more of these.
const MOST: usize = 100_000;

/// As many ends of accounts are kept, each of which is looked at for each session.
const MOST_OF_ACCOUNTS: usize = 1_000;

/// Ends that hold here already and are not in the store yet, with when they were asked for.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// Those of single sessions and of users.
    found: Ends,
    /// Those of accounts.
    sought: Ends,
}

type Ends = HashMap<Sessions, Timestamp, foldhash::fast::RandomState>;

impl Owed {
    const fn of(&self, which: &Sessions) -> (&Ends, usize) {
        match which {
            Sessions::One(_) | Sessions::User(_) => (&self.found, MOST),
            Sessions::Account { .. } => (&self.sought, MOST_OF_ACCOUNTS),
        }
    }

    pub(super) fn add(&self, which: &Sessions, at: Timestamp) {
        let (ends, most) = self.of(which);
        let ends = ends.pin();
        if ends.len() >= most && !ends.contains_key(which) {
            tracing::error!("too many ends of sessions are not written yet: one holds here alone");
            return;
        }
        ends.update_or_insert(which.clone(), |owed| at.max(*owed), at);
    }

    /// Forgets an end, unless it was asked for again meanwhile.
    pub(super) fn paid(&self, which: &Sessions, at: Timestamp) {
        let _ = self.of(which).0.pin().remove_if(which, |_, owed| *owed == at);
    }

    pub(super) fn all(&self) -> Vec<(Sessions, Timestamp)> {
        let (found, sought) = (self.found.pin(), self.sought.pin());
        found.iter().chain(sought.iter()).map(|(which, at)| (which.clone(), *at)).collect()
    }

    /// When a session was ended.
    pub(super) fn end_of(&self, session: &Session) -> Option<Timestamp> {
        let (found, sought) = (self.found.pin(), self.sought.pin());
        let named = [Sessions::One(session.id), Sessions::User(session.user)];
        let mut named = named.iter().filter_map(|which| found.get(which));
        let mut sought = sought.iter().filter(|(which, _)| which.means(session));
        let began = session.created_at;
        let named = named.find(|at| began <= **at);
        named.or_else(|| sought.find(|(_, at)| began <= **at).map(|(_, at)| at)).copied()
    }

    /// Whether a session may be meant of which only its cookie is known.
    pub(super) fn may_mean(&self, id: &Digest, user: UserId) -> bool {
        let found = self.found.pin();
        found.contains_key(&Sessions::One(*id))
            || found.contains_key(&Sessions::User(user))
            || !self.sought.is_empty()
    }
}
