//! How much somebody reaches. All of it is the domain's answer; users with equal grants are asked for
//! once.

use std::collections::HashMap;

use gatehall_domain::{Caller, Door, Endpoint, Reach, Snapshot, Timestamp, User, UserId};

/// What users reach, remembered by their views.
pub(super) struct Reached<'s> {
    snapshot: &'s Snapshot,
    now: Timestamp,
    by_view: HashMap<u32, usize>,
}

impl<'s> Reached<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, now: Timestamp) -> Self {
        Self { snapshot, now, by_view: HashMap::new() }
    }

    /// How many connections a user reaches some tool of which may be open.
    pub(super) fn connections(&mut self, user: &User) -> usize {
        let Some(view) = self.snapshot.view(user.id) else { return 0 };
        let (snapshot, now) = (self.snapshot, self.now);
        *self.by_view.entry(view.id).or_insert_with(|| {
            let caller = caller(user.id);
            let reach = Reach::new(snapshot, &caller, &Endpoint::All, now);
            reach.map_or(0, |reach| reach.connection_count())
        })
    }
}

/// Whether a user reaches a connection some tool of which may be open.
pub(super) fn reaches_any(snapshot: &Snapshot, user: &User, now: Timestamp) -> bool {
    let caller = caller(user.id);
    let reach = Reach::new(snapshot, &caller, &Endpoint::All, now);
    reach.is_ok_and(|reach| reach.has_connections())
}

/// The caller that a user is, without the limits of any key.
pub(super) const fn caller(user: UserId) -> Caller {
    Caller { user: Some(user), door: Door::Session, key: None, tenant: None }
}
