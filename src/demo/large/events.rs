//! What happened in the last seven days: calls, as `decide` would have answered them, and sign-ins.

use std::sync::Arc;

use gatehall_domain::{
    Attempt, CallEvent, Caller, Decision, Door, Endpoint, EntryEvent, Outcome, Reach, Snapshot,
    Timestamp, UserId, names::public_name, snapshot::Site,
};
use gatehall_store::EventRow;

use super::{
    people::{self, user},
    places::tools_of,
    scale::{DAY, EVENTS},
};

/// Most people never call anything; so many do.
const ACTIVE: usize = 400;

const DOORS: [Door; 4] = [Door::OpenWebUi, Door::OpenWebUi, Door::PersonalKey, Door::AccessToken];

pub(super) fn rows(snapshot: &Arc<Snapshot>, now: Timestamp) -> Vec<EventRow> {
    let (users, _) = people::counts(snapshot.company());
    let sites: Vec<&Site> = snapshot.sites().collect();
    let callers: Vec<Caller> = (0..ACTIVE)
        .map(|n| Caller {
            user: Some(user(n * 37 % users)),
            door: DOORS[n % DOORS.len()],
            key: None,
            tenant: None,
        })
        .collect();
    let all = Endpoint::All;
    let reached: Vec<Vec<&Site>> = callers
        .iter()
        .map(|caller| match Reach::new(snapshot, caller, &all, now) {
            Ok(reach) => reach.connections().collect(),
            Err(_) => Vec::new(),
        })
        .collect();
    (0..EVENTS)
        .map(|n| {
            let who = n * 31 % ACTIVE;
            let (caller, own) = (&callers[who], &reached[who]);
            if n % 7 == 3 {
                return entry(snapshot, n, caller.user, moment(now, n)).into();
            }
            let site = match n % 11 {
                1 => sites[n * 7 % sites.len()],
                _ if own.is_empty() => sites[n % sites.len()],
                _ => own[n / 5 % own.len()],
            };
            call(snapshot, n, caller, site, moment(now, n)).into()
        })
        .collect()
}

/// The nearer to now, the more happened.
fn moment(now: Timestamp, n: usize) -> Timestamp {
    let share = n as f64 / EVENTS as f64;
    let micros = share * share * (7 * DAY) as f64 * 1e6;
    Timestamp::from_micros(now.micros() - 1_000_000 - micros as i64)
}

fn call(
    snapshot: &Arc<Snapshot>,
    n: usize,
    caller: &Caller,
    site: &Site,
    at: Timestamp,
) -> CallEvent {
    let tools = tools_of(&site.server.id);
    let tool = match tools.len() {
        0 => "search_documents",
        count => &tools[n / 3 % count].0,
    };
    let connection = site.connection.id;
    let decision = gatehall_domain::decide(snapshot, caller, &Endpoint::All, at, connection, tool);
    let outcome = match decision {
        Decision::Denied(denial) => Outcome::Denied(denial),
        Decision::Allowed(because) => match n {
            _ if n.is_multiple_of(23) => Outcome::Failed(because, "timed out"),
            _ if n.is_multiple_of(29) => Outcome::ToolError(because),
            _ if n.is_multiple_of(211) => Outcome::Cancelled(because),
            _ => Outcome::Answered(because),
        },
    };
    let answered = matches!(outcome, Outcome::Answered(_));
    CallEvent {
        at,
        snapshot: Arc::clone(snapshot),
        caller: caller.clone(),
        face: if n.is_multiple_of(6) { "openapi" } else { "mcp" },
        connection: Some(connection),
        tool: public_name(&site.prefix, tool).into(),
        outcome,
        duration_micros: if answered { 4_000 + (n * 977 % 400_000) as u64 } else { 120 },
        bytes_in: 40 + (n * 13 % 900) as u64,
        bytes_out: if answered { 200 + (n * 457 % 60_000) as u64 } else { 0 },
        request_id: n as u64,
    }
}

fn entry(snapshot: &Arc<Snapshot>, n: usize, user: Option<UserId>, at: Timestamp) -> EntryEvent {
    let stranger = n.is_multiple_of(5);
    let attempt = match n % 4 {
        0 | 1 => Attempt::SignIn,
        2 => Attempt::Enter,
        _ => Attempt::SignOut,
    };
    EntryEvent {
        at,
        snapshot: Arc::clone(snapshot),
        attempt,
        door: "entra".into(),
        user: user.filter(|_| !stranger),
        claimed: None,
        place: if attempt == Attempt::Enter { "wiki.company.example/" } else { "/oauth2/callback" }
            .into(),
        address: [10, 20, (n / 256 % 256) as u8, (n % 256) as u8].into(),
        refused: stranger.then_some("person.unknown"),
    }
}
