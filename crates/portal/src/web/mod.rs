//! What all pages and operations share: who asks, what comes in, what goes out.

mod assets;
mod book;
mod fault;
mod frame;
mod guard;
mod input;
mod paging;
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
use gatehall_domain::{Change, Record, Refusal, Snapshot, Transport};
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
pub(crate) use frame::{Frame, scheme_cookie};
pub(crate) use input::{At, Input, Search, Submitted, clearable, lines, text};
pub(crate) use paging::{Page, Pages};
pub(crate) use shown::{Moment, Short};
pub(crate) use visitor::{
    Admin, Done, Manager, RecentAdmin, SignedIn, TenantManager, Visitor, encoded,
};

use crate::{Desk, DeskError, Hall, area};

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

/// All pages and operations, and the list of them.
pub(crate) fn routes(doors: &Arc<Doors>, desk: Desk, hall: Arc<dyn Hall>) -> (Router, Vec<Way>) {
    let (router, ways, document) = area::book().finish();
    let portal = Arc::new(Portal { doors: Arc::clone(doors), desk, hall, document });
    let router = router
        .route(&format!("{API}/openapi.json"), get(document_of))
        .layer(middleware::from_fn_with_state(Arc::clone(&portal), guard::guard))
        .merge(assets::routes())
        .with_state(portal);
    (router, ways)
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
    /// What the operation or the store says.
    pub(crate) async fn change<T>(
        &self,
        visitor: &Visitor,
        mut prepare: impl FnMut(&Snapshot) -> Result<(Vec<Change>, T), DeskError>,
    ) -> Result<(Option<u64>, T), Fault> {
        let desk = self.desk.with_actor(visitor.actor());
        let allowed = self.hall.allowed_commands();
        let prepare = |snapshot: &Snapshot| {
            let (changes, answer) = prepare(snapshot)?;
            changes.iter().try_for_each(|change| check_command(change, allowed))?;
            Ok((changes, answer))
        };
        let (answer, snapshot) = desk.change_from(self.hall.snapshot(), prepare).await?;
        let revision = snapshot.as_ref().map(Snapshot::revision);
        if let Some(snapshot) = snapshot {
            self.hall.publish(snapshot);
        }
        Ok((revision, answer))
    }

    /// The same for operations that only make changes.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn apply<E: Into<DeskError>>(
        &self,
        visitor: &Visitor,
        mut prepare: impl FnMut(&Snapshot) -> Result<Vec<Change>, E>,
    ) -> Result<Option<u64>, Fault> {
        let made = self
            .change(visitor, |snapshot| Ok((prepare(snapshot).map_err(Into::into)?, ())))
            .await?;
        Ok(made.0)
    }
}

/// Whoever can write a command runs programs on the gate's machine: over the network only those
/// that its operator allowed, whichever page the change comes from.
fn check_command(change: &Change, allowed: &[String]) -> Result<(), Refusal> {
    let command = |record: Option<&Record>| match record {
        Some(Record::Server(server)) => match &server.transport {
            Transport::Stdio { command, .. } => Some(command.clone()),
            _ => None,
        },
        _ => None,
    };
    match command(change.after()) {
        Some(new) if !allowed.contains(&new) && command(change.before()).as_ref() != Some(&new) => {
            Err(Refusal::invalid(
                "command",
                format!(
                    "\"{new}\" is not one of GATEHALL_ALLOWED_COMMANDS: add it there, or add the \
                     server at the command line"
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// Refuses to change a record that somebody changed since it was `seen`.
pub(crate) fn unchanged(
    seen: Option<&str>,
    record: impl Into<Record>,
    name: impl std::fmt::Display,
) -> Result<(), Fault> {
    let record = record.into();
    let newest = record.fingerprint();
    match seen {
        Some(seen) if seen != newest => Err(Fault::Changed {
            what: format!("{} {name}", record.kind()),
            now: record.members(),
            seen: newest,
        }),
        _ => Ok(()),
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

/// Sends a browser on with GET.
pub(crate) fn go_to(location: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
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
