//! A company of the size that Gatehall is made for. It is the same every time, so that what is
//! measured on it can be compared; only keys and secrets are fresh.

mod access;
mod events;
mod people;
mod places;
mod scale;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use gatehall_control::{Desk, DeskError};
use gatehall_domain::{Change, Clock, Company, Server, Transport};
use gatehall_store::Actor;

pub(super) use places::tools_of;
use scale::{DAY, DAYS_AGO, EVENTS, USERS};

use crate::{office::Office, output};

/// Puts the company around the small one that is in place.
pub(super) async fn prepare(office: &Office, tools: SocketAddr) -> Result<()> {
    let now = office.clock.now();
    let began = now.plus_seconds(-DAYS_AGO * DAY);
    let clock = Clock::new(move || began);
    let vault = Arc::clone(&office.vault);
    let desk = Desk::new(office.store.clone(), vault, clock, Actor::command_line());
    if desk.snapshot().await?.company().users.len() >= USERS {
        return Ok(desk.change(|snapshot| Ok((follow(snapshot.company(), tools)?, ()))).await?);
    }
    output::error("making a company of 15,000 …");
    desk.change(|snapshot| {
        let company = snapshot.company();
        let mut changes = people::records(company, began)?;
        changes.extend(places::records(company, desk.vault(), tools, began)?);
        Ok((changes.into_iter().map(Change::Add).collect(), ()))
    })
    .await?;
    desk.change(|snapshot| {
        let records = access::records(snapshot.company(), now)?;
        Ok((records.into_iter().map(Change::Add).collect(), ()))
    })
    .await?;
    let snapshot = Arc::new(desk.snapshot().await?);
    let company = snapshot.company();
    let (memberships, connections) = (company.memberships.len(), company.connections.len());
    let tools: usize = company.connections.values().map(|it| tools_of(&it.path.server).len()).sum();
    office.store.record_events(&events::rows(&snapshot, now)).await?;
    output::error(&format!(
        "made it: {memberships} memberships, {connections} connections, {tools} tools, \
         {EVENTS} events"
    ));
    Ok(())
}

/// An earlier run of the demo had its tool servers at another port.
fn follow(company: &Company, tools: SocketAddr) -> Result<Vec<Change>, DeskError> {
    let mut changes = Vec::new();
    for server in company.servers.values().filter(|it| !tools_of(&it.id).is_empty()) {
        let before = Server::clone(server);
        let transport = Transport::StreamableHttp { url: places::address(tools, &server.id)? };
        if before.transport != transport {
            let after = Server { transport, ..before.clone() };
            changes.push(Change::Replace { before: before.into(), after: after.into() });
        }
    }
    Ok(changes)
}
