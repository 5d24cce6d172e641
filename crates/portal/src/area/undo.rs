//! Turning a revision round, as long as nothing newer touched what it changed.

use axum::{extract::State, response::Response};
use gatehall_control::Inverse;
use gatehall_domain::{EmailAddress, TenantId};
use gatehall_store::{Event, EventFilter};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::web::{Book, Done, Fault, Input, Manager, Shared, own_page};

pub(super) fn ways(book: Book) -> Book {
    book.area("audit").act::<UndoWish, Done, _, _>("/undo", "Undo a revision", undo)
}

/// Which change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UndoWish {
    /// The revision that it made.
    revision: u64,
    /// The page to come back to.
    next: Option<String>,
}

async fn undo(
    manager: Manager,
    State(portal): Shared,
    Input(wish): Input<UndoWish>,
) -> Result<Response, Fault> {
    // Why it cannot be undone concerns those alone who may.
    let inverse = portal.desk.inverse(wish.revision).await;
    let count = inverse.as_ref().map_or(1, Inverse::count);
    let limit = u32::try_from(count).unwrap_or(u32::MAX);
    let filter = EventFilter { revision: Some(wish.revision), limit, ..Default::default() };
    let events = portal.desk.store().events(&filter).await?;
    if !manager.admin {
        may_undo(&manager, &events, count)?;
    }
    let inverse = inverse?;
    // People have addresses; the command line and the gate itself have none.
    let by_people = all_were(&events, count, |it| it.actor.parse::<EmailAddress>().is_ok());
    let revision = portal.restore(&manager, &inverse, by_people).await?;
    Ok(manager.done(revision, &own_page(wish.next)))
}

/// A tenant admin undoes what they did themselves, in tenants that are still theirs.
fn may_undo(manager: &Manager, events: &[Event], changes: usize) -> Result<(), Fault> {
    let theirs = |tenant: &Option<String>| {
        let tenant: Option<TenantId> = tenant.as_ref().and_then(|it| it.parse().ok());
        tenant.is_some_and(|tenant| manager.may_manage(&tenant))
    };
    let own = manager.user.email.as_str();
    let all = all_were(events, changes, |event| event.actor == own && theirs(&event.tenant));
    if all { Ok(()) } else { Err(Fault::NothingHere) }
}

/// Whether something holds of every change of a revision. Of one whose event is not there, nothing
/// does.
fn all_were(events: &[Event], changes: usize, holds: impl Fn(&Event) -> bool) -> bool {
    !events.is_empty() && events.len() == changes && events.iter().all(holds)
}

#[cfg(test)]
mod tests {
    use gatehall_domain::Timestamp;

    use super::*;

    #[test]
    fn of_changes_without_events_nothing_holds() {
        let event = Event {
            id: uuid::Uuid::nil(),
            at: Timestamp::from_micros(0),
            revision: 1,
            actor: "alice@google.example".into(),
            door: None,
            action: "add".into(),
            kind: "user".into(),
            subject: "x".into(),
            tenant: None,
            connection: None,
            outcome: "changed".into(),
            reason: None,
            before: None,
            after: None,
            duration_micros: None,
        };
        let two = [event.clone(), event];
        assert!(!all_were(&[], 0, |_| true), "no change");
        assert!(!all_were(&[], 2, |_| true), "no event of them");
        assert!(!all_were(&two[..1], 2, |_| true), "one event of two");
        assert!(all_were(&two, 2, |_| true));
        assert!(!all_were(&two, 2, |_| false));
    }
}
