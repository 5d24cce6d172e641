//! How much somebody reaches. All of it is the domain's answer.

use std::collections::HashMap;

use gatehall_domain::{
    Caller, Decision, Door, Endpoint, Reach, Snapshot, Timestamp, Tool, User, UserId,
};

use crate::web::Portal;

/// What users reach, remembered by their views.
pub(super) struct Reached<'s> {
    snapshot: &'s Snapshot,
    now: Timestamp,
    by_view: HashMap<u64, usize>,
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

/// Whether a user loses tools, and whether they gain some, by what is changed in the company.
pub(super) fn difference(
    portal: &Portal,
    before: &Snapshot,
    after: &Snapshot,
    user: UserId,
    now: Timestamp,
) -> (bool, bool) {
    let (caller, all) = (caller(user), Endpoint::All);
    let old = Reach::new(before, &caller, &all, now).ok();
    let new = Reach::new(after, &caller, &all, now).ok();
    let (mut loses, mut gains) = (false, false);
    let may = |reach: &Option<Reach<'_>>, tool: &Tool<'_>| {
        let decided = reach.as_ref().map(|reach| reach.decide(tool.connection, tool.name));
        matches!(decided, Some(Decision::Allowed(_)))
    };
    for site in old.iter().chain(&new).flat_map(Reach::connections) {
        portal.hall.tools_of(site.connection.id, &mut |tool| {
            let (could, can) = (may(&old, &tool), may(&new, &tool));
            loses |= could && !can;
            gains |= can && !could;
        });
        if loses && gains {
            break;
        }
    }
    (loses, gains)
}

/// The public names of the tools that a user may use, in this company; in the gateway's order.
pub(super) fn tools_of(
    portal: &Portal,
    snapshot: &Snapshot,
    user: UserId,
    now: Timestamp,
) -> Vec<String> {
    let (caller, all) = (caller(user), Endpoint::All);
    let mut tools = Vec::new();
    let Ok(reach) = Reach::new(snapshot, &caller, &all, now) else { return tools };
    for site in reach.connections() {
        portal.hall.tools_of(site.connection.id, &mut |tool| {
            if let Decision::Allowed(_) = reach.decide(site.connection.id, tool.name) {
                tools.push(tool.public.to_owned());
            }
        });
    }
    tools
}
