//! Turning a revision round, as long as nothing newer touched what it changed.

use axum::{extract::State, response::Response};
use gatehall_domain::{EmailAddress, TenantId};
use gatehall_store::{Event, EventFilter};
use schemars::JsonSchema;
use serde::Deserialize;

use super::common::own_page;
use crate::web::{Book, Done, Fault, Input, Manager, Shared};

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
    let filter = EventFilter { revision: Some(wish.revision), limit: 10_000, ..Default::default() };
    let events = portal.desk.store().events(&filter).await?;
    if !manager.admin {
        may_undo(&manager, &events)?;
    }
    let inverse = portal.desk.inverse(wish.revision).await?;
    // People have addresses; the command line and the gate itself have none.
    let by_people = events.iter().all(|it| it.actor.parse::<EmailAddress>().is_ok());
    let revision = portal.restore(&manager, &inverse, by_people).await?;
    Ok(manager.done(revision, &own_page(wish.next)))
}

/// A tenant admin undoes what they did themselves, in tenants that are still theirs.
fn may_undo(manager: &Manager, events: &[Event]) -> Result<(), Fault> {
    let theirs = |tenant: &Option<String>| {
        let tenant: Option<TenantId> = tenant.as_ref().and_then(|it| it.parse().ok());
        tenant.is_some_and(|tenant| manager.may_manage(&tenant))
    };
    let own = manager.user.email.as_str();
    let all = events.iter().all(|event| event.actor == own && theirs(&event.tenant));
    if all { Ok(()) } else { Err(Fault::NothingHere) }
}
