//! What happens at the doors goes into the audit, but no flood does.

use std::{net::IpAddr, sync::Arc};

use gatehall_domain::{
    Attempt, EmailAddress, EntryEvent, OPEN_WEBUI, RefusedAccount, Snapshot, Timestamp, UserId,
    counted, names,
};
use http::request::Parts;

use super::{core::Doors, proof::shown_proof};
use crate::{Rejection, key::live_key};

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
            claimed: claimed.cloned(),
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
        head: &Parts,
        address: IpAddr,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) {
        let door = match rejection {
            Rejection::BadKey => "key",
            Rejection::BadToken(_) | Rejection::Scope(_) => "token",
            Rejection::NoSession => "session",
            Rejection::OtherAccount(it) => &it.source_name,
            Rejection::BadUserHeader(_)
            | Rejection::UnknownSecret
            | Rejection::NotVouched(..)
            | Rejection::AddressAlone(..)
            | Rejection::Disabled(_) => OPEN_WEBUI,
            _ => "proof",
        };
        match rejection {
            Rejection::UnknownSecret => self.note_misfit(head, address, snapshot, now),
            Rejection::PersonalKeyForMany if self.limits.may_note(address, "log") => {
                tracing::warn!(rule = rejection.rule(), "somebody was refused: {rejection}");
            }
            _ => self.note_account(rejection, snapshot, now),
        }
        let refused = Some(rejection.rule());
        let (attempt, place) = (Attempt::Enter, head.uri.path());
        let entered = Entered { attempt, door, user: None, place, address, refused };
        self.note_claimed(entered, rejection.claimed(), snapshot, now);
    }

    /// Somebody has to do something about an account that is right and is nobody's here.
    pub(crate) fn note_account(&self, rejection: &Rejection, snapshot: &Snapshot, now: Timestamp) {
        let Some(email) = rejection.claimed() else { return };
        if !self.limits.may_note_person(email.as_str(), "log") {
            return;
        }
        tracing::warn!(rule = rejection.rule(), "somebody was refused: {rejection}");
        if let Rejection::OtherAccount(it) = rejection
            && let Some(user) = snapshot.company().user_by_email(email)
        {
            let (issuer, subject) = (it.issuer.clone(), it.subject.clone());
            self.chat_news.refused(RefusedAccount { issuer, subject, user: user.id, at: now });
        }
    }

    /// A signature that fits no secret is a setting that has to be mended, at one of two places.
    fn note_misfit(&self, head: &Parts, address: IpAddr, snapshot: &Snapshot, now: Timestamp) {
        let proof = shown_proof(&head.headers).ok().flatten();
        let key = proof.and_then(|proof| live_key(proof, snapshot, now).ok());
        self.chat_news.misfit(key.map(|key| &key.id), address, now);
        if !self.limits.may_note_person("", Rejection::UnknownSecret.rule()) {
            return;
        }
        let count: u64 = self.chat_news.misfits(now).iter().map(|it| it.count).sum();
        let count = counted(count, "time", "times");
        let secrets: Vec<String> =
            self.open_webuis.chats().map(|it| format!("{} {}", it.id, it.fingerprint())).collect();
        tracing::warn!(
            key = key.map_or("none", |key| key.id.as_str()),
            %address,
            "the signature of X-OpenWebUI-User-Jwt fits no secret here, {count} in the last \
             minutes: FORWARD_USER_INFO_HEADER_JWT_SECRET of that Open WebUI must equal \
             GATEHALL_OPEN_WEBUI_SECRET. The SHA-256 of the secrets here begin with: {}",
            secrets.join(", ")
        );
    }
}
