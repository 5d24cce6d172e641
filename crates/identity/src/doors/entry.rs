//! What happens at the doors goes into the audit, but no flood does.

use std::{net::IpAddr, sync::Arc};

use gatehall_domain::{
    Attempt, EmailAddress, EntryEvent, OPEN_WEBUI, Snapshot, Timestamp, UserId, names,
};
use http::request::Parts;
use uuid::Uuid;

use super::Doors;
use crate::Rejection;

/// No place in an event is longer.
const LONGEST: usize = 200;

/// Somebody at a door, as it goes into the audit.
pub(crate) struct Entered<'a> {
    pub(crate) attempt: Attempt,
    pub(crate) door: &'a str,
    pub(crate) user: Option<UserId>,
    pub(crate) place: &'a str,
    pub(crate) address: IpAddr,
    pub(crate) refused: Option<&'static str>,
}

impl Doors {
    pub(crate) fn note(&self, it: Entered<'_>, snapshot: &Arc<Snapshot>, now: Timestamp) {
        self.note_claimed(it, None, snapshot, now);
    }

    /// The same of an account with this address that is not let in.
    pub(crate) fn note_claimed(
        &self,
        it: Entered<'_>,
        claimed: Option<&EmailAddress>,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) {
        // The same again and again from one place says nothing new.
        let is_news = |rule| match claimed {
            // All users of a chat come from one place.
            Some(email) => self.limits.may_note_person(email.as_str(), rule),
            None => self.limits.may_note(it.address, rule),
        };
        if it.refused.is_some_and(|rule| !is_news(rule)) {
            return;
        }
        self.arrivals.record(EntryEvent {
            at: now,
            snapshot: Arc::clone(snapshot),
            attempt: it.attempt,
            door: it.door.to_owned(),
            user: it.user,
            place: names::shown(it.place, LONGEST).into_owned(),
            address: it.address,
            refused: it.refused,
        });
    }

    /// Notes a form of another page, which was not taken. `door` is `link` or `session`.
    pub fn note_foreign(&self, head: &Parts, attempt: Attempt, door: &str) {
        let rule = if door == "link" { "sign-in.link" } else { "session" };
        self.note_head(head, attempt, door, rule);
    }

    /// Notes a request that a page of another origin sent.
    pub fn note_foreign_origin(&self, head: &Parts) {
        self.note_head(head, Attempt::Enter, "proof", "origin");
    }

    pub(crate) fn note_head(&self, head: &Parts, attempt: Attempt, door: &str, rule: &'static str) {
        let (place, address) = (head.uri.path(), self.address(head));
        let place = if place.starts_with("/sign-in/link/") { "/sign-in/link" } else { place };
        let entered = Entered { attempt, door, user: None, place, address, refused: Some(rule) };
        self.note(entered, &self.snapshots.snapshot(), self.clock.now());
    }

    pub(crate) fn note_refusal(
        &self,
        rejection: &Rejection,
        place: &str,
        address: IpAddr,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) {
        let door = match rejection {
            Rejection::BadKey => "key",
            Rejection::BadToken(_) | Rejection::Scope(_) => "token",
            Rejection::NoSession => "session",
            Rejection::BadUserHeader(_)
            | Rejection::OtherAccount(..)
            | Rejection::NotVouched(..)
            | Rejection::AddressAlone(..) => OPEN_WEBUI,
            _ => "proof",
        };
        // An administrator has to do something about these.
        let is_setting = matches!(
            rejection,
            Rejection::NotVouched(..) | Rejection::AddressAlone(..) | Rejection::PersonalKeyForMany
        );
        if is_setting && self.limits.may_note(address, "log") {
            let (rule, reference) = (rejection.rule(), Uuid::now_v7().simple().to_string());
            tracing::warn!(rule, reference, "somebody was refused, which a setting may mend");
            tracing::debug!(rule, reference, "somebody was refused: {rejection}");
        }
        let refused = Some(rejection.rule());
        let entered =
            Entered { attempt: Attempt::Enter, door, user: None, place, address, refused };
        self.note(entered, snapshot, now);
    }
}
