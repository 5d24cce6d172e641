//! What all pages and operations share: who asks, what comes in, what goes out.

mod assets;
mod book;
mod choices;
mod fault;
mod frame;
mod guard;
mod guarded;
mod input;
mod mend;
mod notice;
mod own_page;
mod paging;
mod preference;
mod shown;
mod visitor;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use gatehall_control::{Desk, DeskError, Inverse};
pub(crate) use gatehall_domain::names::encoded;
use gatehall_domain::{Change, Company, Record, Refusal, Snapshot};
use gatehall_identity::Doors;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};
use serde_json::Value;

pub(crate) use assets::asset;
pub(crate) use book::Book;
pub use book::Way;
pub(crate) use fault::Fault;
pub(crate) use frame::Frame;
pub(crate) use gatehall_control::page::connection as connection_href;
pub(crate) use input::{At, Input, Search, Submitted, clearable, lines, text};
pub(crate) use own_page::{is_own_page, own_page};
pub(crate) use paging::{Page, Pages};
pub(crate) use preference::{LETTERS, SCHEME};
pub(crate) use shown::{Moment, Short};
pub(crate) use visitor::{Admin, Done, Manager, SignedIn, TenantManager, Visitor};

use crate::{Hall, area};

/// Where the management API begins.
pub(crate) const API: &str = "/api/v1";

/// What pages and operations work with.
pub(crate) struct Portal {
    pub(crate) doors: Arc<Doors>,
    pub(crate) desk: Desk,
    pub(crate) hall: Arc<dyn Hall>,
    document: Value,
}

/// The state of handlers.
pub(crate) type Shared = State<Arc<Portal>>;

/// How the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// By a person with a browser.
    Page,
    /// By a program.
    Api,
}

impl Face {
    fn of(path: &str) -> Self {
        if visitor::is_api(path) { Self::Api } else { Self::Page }
    }
}

/// All pages and operations.
pub(crate) fn routes(doors: &Arc<Doors>, desk: Desk, hall: Arc<dyn Hall>) -> Router {
    let (router, _, document) = area::book().finish();
    let portal = Arc::new(Portal { doors: Arc::clone(doors), desk, hall, document });
    router
        .route(&format!("{API}/openapi.json"), get(document_of))
        .method_not_allowed_fallback(guard::other_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&portal), guard::guard))
        .merge(assets::routes())
        .with_state(portal)
}

/// What is at no other path: a page for people, a problem document for programs.
pub(crate) async fn nothing_here(head: http::request::Parts) -> Response {
    let mut response = guard::nothing_here(&head);
    protect(response.headers_mut(), &[]);
    response
}

/// The OpenAPI document is the same for everybody, and says nothing of anybody.
async fn document_of(State(portal): Shared) -> Response {
    Json(&portal.document).into_response()
}

impl Portal {
    /// Applies what an operation prepares, as this visitor, and serves it from now on. Answers with
    /// the revision, if anything had to be changed.
    ///
    /// # Errors
    /// What the operation or the store says, and if it needs a fresh sign-in or another command.
    pub(crate) async fn change<T>(
        &self,
        visitor: &Visitor,
        prepare: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), DeskError>,
    ) -> Result<(Option<u64>, T), Fault> {
        self.change_if(visitor, &Seen(None), prepare).await
    }

    /// Restores what was before a revision, as this visitor. What was changed at the command line
    /// comes back only as far as it could be changed here, too.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn restore(
        &self,
        visitor: &Visitor,
        inverse: &Inverse,
        made_here: bool,
    ) -> Result<Option<u64>, Fault> {
        let desk = self.desk.with_actor(visitor.actor());
        let commands = if made_here { Commands::AsTheyWere } else { Commands::Allowed };
        let may = |snapshot: &Snapshot, changes: &[Change]| {
            self.may_apply(visitor, commands, changes, snapshot)
        };
        let snapshot = desk.undo_from(self.hall.snapshot(), inverse, may).await?;
        Ok(self.serve(snapshot))
    }

    /// Whether a change may be made here, and not only at the command line of the machine.
    ///
    /// # Errors
    /// Why not, and what to set.
    pub(crate) fn may(&self, change: &Change) -> Result<(), Refusal> {
        guarded::check_command(change, self.hall.allowed_commands())?;
        guarded::check_source(change, self.desk.vault())
    }

    async fn change_if<T>(
        &self,
        visitor: &Visitor,
        seen: &Seen,
        mut prepare: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), DeskError>,
    ) -> Result<(Option<u64>, T), Fault> {
        let desk = self.desk.with_actor(visitor.actor());
        let prepare = |snapshot: &Snapshot| -> Result<_, Fault> {
            seen.changed(snapshot.company())?;
            let (changes, answer) = prepare(snapshot)?;
            self.may_apply(visitor, Commands::Allowed, &changes, snapshot)?;
            Ok((changes, answer))
        };
        let (answer, snapshot) = desk.change_from(self.hall.snapshot(), prepare).await?;
        Ok((self.serve(snapshot), answer))
    }

    /// Whether this visitor may make these changes here and now.
    fn may_apply(
        &self,
        visitor: &Visitor,
        commands: Commands,
        changes: &[Change],
        snapshot: &Snapshot,
    ) -> Result<(), Fault> {
        if commands == Commands::Allowed {
            changes.iter().try_for_each(|change| self.may(change))?;
        }
        match guarded::needs_fresh_sign_in(changes, snapshot.company()) {
            true => visitor.must_be_recent(),
            false => Ok(()),
        }
    }

    /// Serves a company that was changed from now on, and says which revision it is.
    fn serve(&self, snapshot: Option<Arc<Snapshot>>) -> Option<u64> {
        let snapshot = snapshot?;
        let revision = snapshot.revision();
        self.hall.publish(snapshot);
        Some(revision)
    }

    /// The same for operations that only make changes.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn apply<E: Into<DeskError>>(
        &self,
        visitor: &Visitor,
        prepare: impl FnMut(&Snapshot) -> Result<Vec<Change>, E>,
    ) -> Result<Option<u64>, Fault> {
        self.apply_if(visitor, &Seen(None), prepare).await
    }

    /// The same, as long as a record is what was seen.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn apply_if<E: Into<DeskError>>(
        &self,
        visitor: &Visitor,
        seen: &Seen,
        mut prepare: impl FnMut(&Snapshot) -> Result<Vec<Change>, E>,
    ) -> Result<Option<u64>, Fault> {
        let prepare = |snapshot: &Snapshot| Ok((prepare(snapshot).map_err(Into::into)?, ()));
        Ok(self.change_if(visitor, seen, prepare).await?.0)
    }
}

/// Which command lines, and which variables of the gate, a change may bring.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commands {
    /// Those that the machine's operator allowed.
    Allowed,
    /// Any that were there before, which is what undo brings back of what was changed here.
    AsTheyWere,
}

/// A record that has to be so still when a change is applied.
pub(crate) struct Seen(Option<Record>);

impl Seen {
    /// Refuses if somebody changed the record meanwhile, at whichever replica.
    fn changed(&self, company: &Company) -> Result<(), Fault> {
        let Some(record) = &self.0 else { return Ok(()) };
        match company.current(record) {
            Some(now) if now != *record => Err(changed(&now, company.label(&now))),
            _ => Ok(()),
        }
    }
}

fn changed(now: &Record, name: impl std::fmt::Display) -> Fault {
    let what = format!("{} {name}", now.kind());
    Fault::Changed { what, now: now.members(), seen: now.fingerprint() }
}

/// Refuses to change a record that somebody changed since it was `seen`; and keeps it, so that it
/// is looked at again when the change is applied.
pub(crate) fn unchanged(
    seen: Option<&str>,
    record: impl Into<Record>,
    name: impl std::fmt::Display,
) -> Result<Seen, Fault> {
    let record = record.into();
    match seen {
        Some(seen) if seen != record.fingerprint() => Err(changed(&record, name)),
        Some(_) => Ok(Seen(Some(record))),
        None => Ok(Seen(None)),
    }
}

/// A page.
pub(crate) fn render(status: StatusCode, template: &impl askama::Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, html).into_response();
            guard::html(response.headers_mut());
            response
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Sends a browser on with GET, to a page of ours.
pub(crate) fn go_to(location: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = if is_own_page(location) { location } else { "/" };
    let location = HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, location);
    response
}

/// What every answer has: nothing inline runs, nothing of others is loaded, nobody frames it, and
/// nobody keeps it. Signing out may lead on to a provider's origin.
fn protect(headers: &mut HeaderMap, sign_out: &[String]) {
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        sign_out.join(" ")
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
