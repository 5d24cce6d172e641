//! What a page says was just done: once, and not again when the page is loaded anew or gone back to.

use std::sync::Arc;

use gatehall_domain::{Company, User};
use gatehall_store::{Event, EventFilter};
use http::{
    HeaderMap, HeaderValue, Uri,
    header::{COOKIE, SET_COOKIE},
    request::Parts,
};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::portal::Portal;

/// The cookie that says that something was not told yet begins so; what it is follows.
const COOKIE_PREFIX: &str = "gatehall_told_";

/// Seconds in which it has to be told: a browser goes on at once.
const LIFE: u32 = 60;

/// What was just done.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) text: String,
    /// The revision, if it can be undone.
    pub(crate) undo: Option<u64>,
}

/// What the query says was done: a revision, or a word.
pub(super) fn done(uri: &Uri) -> Option<String> {
    parameter(uri, "done")
}

fn parameter(uri: &Uri, wanted: &str) -> Option<String> {
    let query = uri.query()?.as_bytes();
    let (_, said) = form_urlencoded::parse(query).find(|(name, _)| name == wanted)?;
    Some(said.into_owned())
}

/// What the query says was done, if this browser did it and was not told yet.
pub(super) fn told(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let said = done(uri)?;
    let name = format!("{COOKIE_PREFIX}{said}=");
    // Others may have set cookies of any bytes.
    let lines = headers.get_all(COOKIE).iter().map(|line| line.as_bytes());
    let mut cookies = lines.flat_map(|line| line.split(|byte| *byte == b';'));
    cookies.any(|it| it.trim_ascii().starts_with(name.as_bytes())).then_some(said)
}

/// Has the browser remember that this is to be told.
pub(super) fn remember(headers: &mut HeaderMap, said: &str) {
    set(headers, said, LIFE);
}

/// It was told.
pub(super) fn forget(headers: &mut HeaderMap, said: &str) {
    set(headers, said, 0);
}

fn set(headers: &mut HeaderMap, said: &str, seconds: u32) {
    let cookie =
        format!("{COOKIE_PREFIX}{said}=1; Path=/; Max-Age={seconds}; SameSite=Lax; HttpOnly");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        headers.append(SET_COOKIE, cookie);
    }
}

impl Notice {
    /// What this person just did, in the words of the audit. Whoever manages something may undo it.
    pub(super) async fn of(
        head: &Parts,
        portal: &Arc<Portal>,
        user: &User,
        managed: Option<&Company>,
    ) -> Option<Self> {
        let twice = twice(&head.uri);
        let plain = |text: &str| Some(Self { text: format!("{text}{twice}"), undo: None });
        let said = told(&head.uri, &head.headers)?;
        let revision = match said.as_str() {
            "same" => return plain("Nothing had to be changed."),
            "set-up" => return plain("Open WebUI has been set up as planned."),
            "taken-back" => return plain("The setup of Open WebUI has been undone."),
            "ended" => return plain("The sessions have ended."),
            "ended-here" => {
                return plain(
                    "The sessions have ended at this gate. The database cannot be written to at the \
                     moment; other replicas will end them as soon as it can be.",
                );
            }
            said => said.parse().ok()?,
        };
        let filter = EventFilter { revision: Some(revision), limit: MANY, ..Default::default() };
        let events = portal.desk.store().events(&filter).await.ok()?;
        // What others did is in the audit.
        if !events.iter().all(|event| event.actor == user.email.as_str()) {
            return None;
        }
        // Of a removal the record itself goes last, after all that needed it.
        let removal = events.iter().all(|event| event.action == "remove");
        let first = if removal { events.first()? } else { events.last()? };
        let verb = verb(first);
        let text = match events.len() {
            1 => format!("{verb} {} {}.{twice}", first.kind, first.subject),
            count => {
                let or = if count == MANY as usize { " or" } else { "" };
                let (kind, subject) = (&first.kind, &first.subject);
                format!("{verb} {kind} {subject} and {}{or} more.{twice}", count - 1)
            }
        };
        let undo = match managed {
            None => false,
            // Of many changes the store knows soon enough.
            Some(_) if events.len() == MANY as usize => true,
            Some(company) => portal.desk.can_undo(revision, company).await,
        };
        Some(Self { text, undo: undo.then_some(revision) })
    }
}

/// What the query says of what was named more than once.
fn twice(uri: &Uri) -> String {
    match parameter(uri, "twice").and_then(|it| it.parse::<u32>().ok()) {
        None | Some(0) => String::new(),
        Some(1) => " One duplicate address was ignored.".into(),
        Some(count) => format!(" {count} duplicate addresses were ignored."),
    }
}

/// Events that are counted for a notice.
const MANY: u32 = 200;

/// What was done to a record, as exactly as a word can say it.
fn verb(event: &Event) -> &'static str {
    let read = |text: &Option<String>| {
        let record: Value = serde_json::from_str(text.as_deref()?).ok()?;
        record.as_object()?.values().next()?.as_object().cloned()
    };
    let (before, after) = (read(&event.before), read(&event.after));
    let enabled = |record: &Option<Map<String, Value>>| record.as_ref()?.get("enabled")?.as_bool();
    match (event.action.as_str(), enabled(&before), enabled(&after)) {
        ("change", ..) if event.kind == "key" => "Revoked",
        ("add", ..) => "Added",
        ("remove", ..) => "Removed",
        (_, Some(true), Some(false)) => "Disabled",
        (_, Some(false), Some(true)) => "Enabled",
        _ => "Changed",
    }
}
