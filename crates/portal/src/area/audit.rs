//! The audit: searched, followed, one event in full, and written out.

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_domain::{ConnectionId, GroupId, Refusal, TenantId, Timestamp, UserId};
use gatehall_store::{Event, EventFilter};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    audit_difference::{FieldDifference, members},
    audit_export,
    audit_query::{AuditQuery, text_of},
    row::EventRow,
};
use crate::web::{
    At, Book, Face, Fault, Frame, Manager, Search, Shared, Short, Visitor, encoded, render,
};

pub(super) fn ways(book: Book) -> Book {
    book.area("audit")
        .show::<AuditView, _, _>("/audit", "Search the audit", list)
        .asking::<AuditSearch>()
        .file("/audit/export.csv", "Download what is found as CSV", "text/csv", export)
        .asking::<ExportSearch>()
        .show::<EventView, _, _>("/audit/{id}", "Show an event", show)
}

/// Events on a page.
const ROWS: usize = 50;

#[derive(Deserialize, JsonSchema)]
struct AuditSearch {
    q: Option<String>,
    /// The last event of the page before.
    older: Option<String>,
    follow: Option<u8>,
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "audit/list.html")]
struct AuditView {
    #[serde(skip)]
    frame: Frame,
    /// What was searched for.
    query: String,
    /// The newest first.
    events: Vec<EventRow>,
    /// What to send as `older` for the next page; null on the last.
    older: Option<String>,
    #[serde(skip)]
    chips: Vec<Chip>,
    #[serde(skip)]
    suggestions: Vec<(&'static str, String)>,
    /// The only tenant that is shown.
    #[serde(skip)]
    tenant: Option<TenantId>,
    /// Whether this is not the first page.
    #[serde(skip)]
    later_page: bool,
    #[serde(skip)]
    follow: bool,
    #[serde(skip)]
    problem: Option<String>,
}

/// A filter that counts, and the search without it.
struct Chip {
    text: String,
    href: String,
}

impl AuditView {
    fn new(manager: &Manager, query: String) -> Self {
        let today: String = manager.now.to_string().chars().take(10).collect();
        let mut suggestions = vec![
            ("Denied calls", "action:call outcome:denied".to_owned()),
            ("Failed calls", "action:call outcome:failed".to_owned()),
            ("Changes", "outcome:changed".to_owned()),
            ("Today", format!("after:{today}")),
        ];
        if manager.admin {
            // What happens at the doors is of no tenant.
            let refused = "action:sign-in outcome:refused".to_owned();
            suggestions.insert(3, ("Refused sign-ins", refused));
        }
        Self {
            frame: manager.frame("Audit"),
            query,
            events: Vec::new(),
            older: None,
            chips: Vec::new(),
            suggestions,
            tenant: None,
            later_page: false,
            follow: false,
            problem: None,
        }
    }

    /// The newest of what is searched for.
    fn newest(&self) -> String {
        match self.query.is_empty() {
            true => "/audit".to_owned(),
            false => format!("/audit?q={}", encoded(&self.query)),
        }
    }

    /// The same, kept up to date.
    fn following(&self) -> String {
        format!("/audit?q={}&follow=1", encoded(&self.query))
    }

    /// The page after this one.
    fn next(&self) -> Option<String> {
        let older = self.older.as_ref()?;
        Some(format!("/audit?q={}&older={older}", encoded(&self.query)))
    }
}

/// What may be seen of what is searched for: tenant admins see one of their tenants.
fn filter_for(visitor: &Visitor, query: &AuditQuery) -> Result<EventFilter, Fault> {
    let mut filter = query.filter.clone();
    if !visitor.admin {
        let tenant = filter.tenant.take().or_else(|| visitor.manages.first().cloned());
        let tenant = tenant.filter(|tenant| visitor.may_manage(tenant));
        filter.tenant = Some(tenant.ok_or(Fault::NothingHere)?);
    }
    Ok(filter)
}

async fn list(
    manager: Manager,
    State(portal): Shared,
    Search(search): Search<AuditSearch>,
) -> Result<Response, Fault> {
    let mut view = AuditView::new(&manager, search.q.unwrap_or_default());
    let query: AuditQuery = match view.query.parse() {
        Ok(query) => query,
        Err(refusal) => return refused(&manager, view, refusal),
    };
    let mut filter = filter_for(&manager, &query)?;
    view.tenant = filter.tenant.clone().filter(|_| !manager.admin);
    view.follow = search.follow == Some(1);
    view.later_page = search.older.is_some() && !view.follow;
    if let Some(older) = search.older.filter(|_| view.later_page) {
        let at =
            cursor(&older).ok_or_else(|| Fault::field("older", "is not from an earlier page"))?;
        filter.older_than = Some(at);
    }
    filter.limit = ROWS as u32 + 1;
    let mut events = portal.desk.store().events(&filter).await?;
    if events.len() > ROWS {
        events.truncate(ROWS);
        let last = events.last().map(|it| format!("{}.{}", it.at.micros(), it.id));
        view.older = last.filter(|_| !view.follow);
    }
    view.events = events.iter().map(EventRow::new).collect();
    let terms = query.terms.iter().enumerate();
    view.chips = terms
        .map(|(place, term)| {
            let others = query.terms.iter().enumerate().filter(|(it, _)| *it != place);
            let left = text_of(others.map(|(_, term)| term));
            let href = match left.is_empty() {
                true => "/audit".to_owned(),
                false => format!("/audit?q={}", encoded(&left)),
            };
            Chip { text: Short::name(&term.to_string()), href }
        })
        .collect();
    Ok(manager.show(&view))
}

/// A search that cannot be read is shown again with what is wrong.
fn refused(manager: &Manager, mut view: AuditView, refusal: Refusal) -> Result<Response, Fault> {
    match manager.face {
        Face::Api => Err(Fault::Refused(refusal)),
        Face::Page => {
            view.problem = Some(Short::text(&refusal.to_string()));
            Ok(render(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
    }
}

/// The place in the audit after which a page begins.
fn cursor(text: &str) -> Option<(Timestamp, Uuid)> {
    let (micros, id) = text.split_once('.')?;
    Some((Timestamp::from_micros(micros.parse().ok()?), id.parse().ok()?))
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "audit/show.html")]
struct EventView {
    #[serde(skip)]
    frame: Frame,
    #[serde(flatten)]
    event: EventRow,
    /// The record before a change, without secrets.
    before: Option<Value>,
    /// The record after a change, without secrets.
    after: Option<Value>,
    #[serde(skip)]
    fields: Vec<FieldDifference>,
    /// The page that says what decides, for calls.
    #[serde(skip)]
    access_href: Option<String>,
    #[serde(skip)]
    undo: bool,
}

async fn show(
    manager: Manager,
    State(portal): Shared,
    At(id): At<String>,
) -> Result<Response, Fault> {
    let id: Uuid = id.parse().map_err(|_| Fault::NothingHere)?;
    let event = portal.desk.store().event(id).await?.ok_or(Fault::NothingHere)?;
    if !may_see(&manager, &event) {
        return Err(Fault::NothingHere);
    }
    let (before, after) = (members(event.before.as_deref()), members(event.after.as_deref()));
    let company = manager.snapshot.company();
    let known = event.actor.parse().is_ok_and(|it| company.user_by_email(&it).is_some());
    let access_href = (event.action == "call" && known && manager.admin).then(|| {
        format!("/access?user={}&tool={}", encoded(&event.actor), encoded(&event.subject))
    });
    let named = |text: &str| {
        let id: Uuid = text.parse().ok()?;
        let user = company.users.get(&UserId(id)).map(|it| it.email.to_string());
        let group = || company.groups.get(&GroupId(id)).map(|it| it.name.to_string());
        let connection =
            || company.connections.get(&ConnectionId(id)).map(|it| it.path.to_string());
        // A tenant admin learns no more names than the event says.
        user.or_else(group).or_else(connection).filter(|_| manager.admin)
    };
    let own = event.actor == manager.user.email.as_str();
    let view = EventView {
        frame: manager.frame(format!("{} {}", event.action, Short::name(&event.subject))),
        fields: FieldDifference::between(before.as_ref(), after.as_ref(), &named),
        access_href,
        undo: event.outcome == "changed"
            && (manager.admin || own)
            && portal.desk.can_undo(event.revision, company).await,
        event: EventRow::new(&event),
        before: before.map(Value::Object),
        after: after.map(Value::Object),
    };
    Ok(manager.show(&view))
}

fn may_see(manager: &Manager, event: &Event) -> bool {
    let tenant = event.tenant.as_ref().and_then(|it| it.parse().ok());
    manager.admin || tenant.is_some_and(|tenant| manager.may_manage(&tenant))
}

/// What is written out.
#[derive(Deserialize, JsonSchema)]
struct ExportSearch {
    q: Option<String>,
}

async fn export(
    manager: Manager,
    State(portal): Shared,
    Search(search): Search<ExportSearch>,
) -> Result<Response, Fault> {
    let query: AuditQuery = search.q.unwrap_or_default().parse()?;
    let filter = filter_for(&manager, &query)?;
    audit_export::table(portal, filter).await
}
