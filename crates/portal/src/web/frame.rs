//! What surrounds the content of every page.

use std::sync::Arc;

use gatehall_domain::{Company, User};
use gatehall_store::{Event, EventFilter};
use http::request::Parts;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::Portal;

/// What surrounds the content of a page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    pub(crate) title: String,
    /// Who looks at it.
    pub(crate) shown: String,
    pub(crate) admin: bool,
    pub(crate) manages: Vec<String>,
    pub(crate) address: String,
    pub(crate) scheme: &'static str,
    /// Whether letters alone are shortcuts: `on` or `off`.
    pub(crate) letters: &'static str,
    pub(crate) revision: u64,
    pub(crate) notice: Option<Notice>,
    /// Whether credentials and administrators can be changed without signing in again.
    pub(crate) recent: bool,
}

/// What was just done.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) text: String,
    /// The revision, if it can be undone.
    pub(crate) undo: Option<u64>,
}

/// A page in the navigation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) href: &'static str,
    pub(crate) name: &'static str,
    pub(crate) icon: &'static str,
}

const fn place(href: &'static str, name: &'static str, icon: &'static str) -> Place {
    Place { href, name, icon }
}

/// The pages of administrators, in the order of the navigation.
const PLACES: [Place; 14] = [
    place("/overview", "Overview", "overview"),
    place("/users", "Users", "user"),
    place("/groups", "Groups", "group"),
    place("/members", "Members", "members"),
    place("/tenants", "Tenants", "tenant"),
    place("/servers", "Servers", "server"),
    place("/connections", "Connections", "connection"),
    place("/tools", "Tools", "tool"),
    place("/grants", "Grants", "grant"),
    place("/access", "Access", "access"),
    place("/import", "Import", "import"),
    place("/audit", "Audit", "audit"),
    place("/keys", "Keys", "key"),
    place("/settings", "Settings", "settings"),
];

/// Those of tenant admins.
const MANAGED: [&str; 5] = ["/tenants", "/connections", "/tools", "/grants", "/audit"];

impl Frame {
    /// Whether there are other pages than the visitor's own.
    pub(crate) fn has_menu(&self) -> bool {
        self.admin || !self.manages.is_empty()
    }

    /// The pages to go to.
    pub(crate) fn places(&self) -> impl Iterator<Item = &'static Place> + use<> {
        let (admin, manages) = (self.admin, !self.manages.is_empty());
        PLACES.iter().filter(move |place| admin || manages && MANAGED.contains(&place.href))
    }

    /// Whether this is the page of a place, or one below it.
    pub(crate) fn is_at(&self, href: &str) -> bool {
        let path = self.address.split('?').next().unwrap_or_default();
        path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether this is a page of a place; providers and host rules are reached from the settings.
    pub(crate) fn is_of(&self, place: &Place) -> bool {
        let below = ["/providers", "/host-rules"];
        self.is_at(place.href)
            || place.href == "/settings" && below.iter().any(|href| self.is_at(href))
    }

    /// Whether this is the page of a tenant.
    pub(crate) fn is_at_tenant(&self, tenant: &str) -> bool {
        self.is_at(&format!("/tenants/{tenant}"))
    }

    /// This page without what was just done, to come back to.
    pub(crate) fn here(&self) -> String {
        let Some((path, query)) = self.address.split_once('?') else {
            return self.address.clone();
        };
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "done");
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// What the query says was done: a revision, or a word.
pub(super) fn done(head: &Parts) -> Option<String> {
    let query = head.uri.query()?.as_bytes();
    let (_, said) = form_urlencoded::parse(query).find(|(name, _)| name == "done")?;
    Some(said.into_owned())
}

impl Notice {
    /// What this person just did, in the words of the audit. Whoever manages something may undo it.
    pub(super) async fn of(
        head: &Parts,
        portal: &Arc<Portal>,
        user: &User,
        managed: Option<&Company>,
    ) -> Option<Self> {
        let plain = |text: &str| Some(Self { text: text.into(), undo: None });
        let said = done(head)?;
        let revision = match said.as_str() {
            "same" => return plain("Nothing had to be changed."),
            "ended" => return plain("The sessions are ended."),
            "ended-here" => {
                return plain(
                    "The sessions are ended at this gate. The database cannot be written just now, \
                     so other replicas hear of it as soon as it can be.",
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
            1 => format!("{verb} {} {}.", first.kind, first.subject),
            count => {
                let or = if count == MANY as usize { " or" } else { "" };
                format!("{verb} {} {} and {}{or} more.", first.kind, first.subject, count - 1)
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
