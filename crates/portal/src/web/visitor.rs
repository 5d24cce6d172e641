//! Who asks, and what they may: the first argument of every page and operation.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use axum::{
    Json,
    extract::{FromRequestParts, Path},
    response::{IntoResponse, Response},
};
use gatehall_domain::{Caller, ConnectionPath, Door, Snapshot, TenantId, Timestamp, User};
use gatehall_identity::Rejection;
use gatehall_store::Actor;
use http::{Method, StatusCode, header::AUTHORIZATION, request::Parts};
use serde::Serialize;

use super::{
    answer::{go_to, render},
    face::Face,
    fault::Fault,
    frame::Frame,
    notice::{self, Notice},
    own_page::{is_own_page, page_before},
    portal::Portal,
    preference::{LETTERS, SCHEME},
};

/// Seconds after a sign-in in which credentials and administrators can be changed.
const RECENT: i64 = 15 * 60;

/// Somebody who proved who they are.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) user: Arc<User>,
    /// The company as the gate serves it now.
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) caller: Caller,
    pub(crate) admin: bool,
    /// The tenants they manage.
    pub(crate) manages: Vec<TenantId>,
    pub(crate) face: Face,
    pub(crate) now: Timestamp,
    /// When they proved who they are; none with a key, which was made for the purpose.
    authenticated_at: Option<Timestamp>,
    /// Whether they came by a link, and no provider ever let them in.
    by_link: bool,
    /// Path and query of the page; of the one that a form was on.
    address: String,
    scheme: &'static str,
    letters: &'static str,
    notice: Option<Notice>,
}

impl Visitor {
    async fn of(head: &Parts, portal: &Arc<Portal>) -> Result<Self, Fault> {
        let face = Face::of(head.uri.path());
        // The browser may come from another replica, which made a change and told of it.
        if let Some(revision) = notice::done(&head.uri).and_then(|said| said.parse().ok())
            && revision > portal.hall.snapshot().revision()
        {
            portal.hall.reached(revision).await;
        }
        let snapshot = portal.hall.snapshot();
        let now = portal.desk.clock().now();
        let (caller, authenticated_at, by_link) = match face {
            Face::Api if head.headers.contains_key(AUTHORIZATION) => {
                (by_key(head, portal, &snapshot, now).await?, None, false)
            }
            _ => {
                let session = portal.doors.signed_in(head, &snapshot).ok_or(Fault::NotSignedIn)?;
                let user = Some(session.user);
                let caller = Caller { user, door: Door::Session, key: None, tenant: None };
                // While nobody can sign in, whoever came by a link could not prove it again.
                let by_link = session.is_by_link();
                let lasts = by_link && !portal.doors.can_sign_in();
                (caller, Some(if lasts { now } else { session.authenticated_at }), by_link)
            }
        };
        let user = caller.user.and_then(|id| snapshot.company().users.get(&id)).cloned();
        let user = user.ok_or(Fault::NotSignedIn)?;
        let view = snapshot.view(user.id).ok_or(Fault::NotSignedIn)?;
        let admin = view.admin.is_some();
        let manages = snapshot.company().managed_by(user.id);
        let notice = match face {
            Face::Page => {
                let managed = (admin || !manages.is_empty()).then(|| snapshot.company());
                Notice::of(head, portal, &user, managed).await
            }
            Face::Api => None,
        };
        // What answers a form cannot be opened again; the page that sent it can.
        let address = match head.method {
            Method::GET => head.uri.path_and_query().map(ToString::to_string),
            _ => page_before(&head.headers),
        };
        let address = address.filter(|it| is_own_page(it)).unwrap_or_else(|| "/".into());
        let (scheme, letters) = (SCHEME.of(&head.headers), LETTERS.of(&head.headers));
        Ok(Self {
            user,
            snapshot,
            caller,
            admin,
            manages,
            face,
            now,
            authenticated_at,
            by_link,
            address,
            scheme,
            letters,
            notice,
        })
    }

    /// Who makes the changes of this visitor.
    pub(crate) fn actor(&self) -> Actor {
        Actor { name: self.user.email.to_string(), user: Some(self.user.id) }
    }

    /// Whether they may manage this tenant.
    pub(crate) fn may_manage(&self, tenant: &TenantId) -> bool {
        self.admin || self.manages.contains(tenant)
    }

    /// Whether they may manage a connection; one of no tenant is for administrators alone.
    pub(crate) fn may_manage_connection(&self, path: &ConnectionPath) -> bool {
        path.tenant.as_ref().map_or(self.admin, |tenant| self.may_manage(tenant))
    }

    /// Whether they proved a short time ago who they are.
    fn is_recent(&self) -> bool {
        self.authenticated_at.is_none_or(|at| self.now < at.plus_seconds(RECENT))
    }

    /// # Errors
    /// If they did not.
    pub(crate) fn must_be_recent(&self) -> Result<(), Fault> {
        match self.is_recent() {
            true => Ok(()),
            false => Err(Fault::SignInTooOld { by_link: self.by_link }),
        }
    }

    /// What surrounds a page.
    pub(crate) fn frame(&self, title: impl Into<String>) -> Frame {
        Frame {
            title: title.into(),
            shown: self.user.shown().to_owned(),
            admin: self.admin,
            manages: self.manages.iter().map(ToString::to_string).collect(),
            address: self.address.clone(),
            scheme: self.scheme,
            letters: self.letters,
            revision: self.snapshot.revision(),
            notice: self.notice.clone(),
            recent: self.is_recent(),
            by_link: self.by_link,
        }
    }

    /// What is looked at: as a page, or as JSON.
    pub(crate) fn show<V: askama::Template + Serialize>(&self, view: &V) -> Response {
        match self.face {
            Face::Page => render(StatusCode::OK, view),
            Face::Api => Json(view).into_response(),
        }
    }

    /// What was done: a page goes on to `next`, which tells of it; a program hears the revision.
    pub(crate) fn done(&self, revision: Option<u64>, next: &str) -> Response {
        match self.face {
            Face::Api => Json(Done { revision }).into_response(),
            Face::Page => {
                let said = revision.map_or_else(|| "same".to_owned(), |it| it.to_string());
                self.told(&said, next)
            }
        }
    }

    /// What was done without a revision, told by a word that [`Notice`] knows.
    pub(crate) fn told(&self, said: &str, next: &str) -> Response {
        match self.face {
            Face::Api => Json(Done { revision: None }).into_response(),
            Face::Page => {
                let mark = if next.contains('?') { '&' } else { '?' };
                let mut response = go_to(&format!("{next}{mark}done={said}"));
                notice::remember(response.headers_mut(), said);
                response
            }
        }
    }
}

/// What a program hears of a change.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(crate) struct Done {
    /// The revision it made, which this gate serves already. Null if nothing was to be changed.
    pub(crate) revision: Option<u64>,
}

/// The user of a key that was made for managing.
async fn by_key(
    head: &Parts,
    portal: &Portal,
    snapshot: &Arc<Snapshot>,
    now: Timestamp,
) -> Result<Caller, Fault> {
    let caller =
        portal.doors.caller(head, snapshot, now).await.map_err(|refused| match refused {
            Rejection::TooMany(seconds) => Fault::TooMany(seconds),
            two @ (Rejection::TwoPeople | Rejection::PersonalKeyForMany) => {
                Fault::TwoPeople(two.to_string())
            }
            _ => Fault::NotSignedIn,
        })?;
    let key = caller.key.as_ref().and_then(|id| snapshot.company().keys.get(id));
    match key {
        Some(key) if key.manage => Ok(caller),
        _ => Err(Fault::NotAllowed("a key for the management API")),
    }
}

/// Gives an authority what a visitor has.
macro_rules! authority {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name(Visitor);

        impl Deref for $name {
            type Target = Visitor;
            fn deref(&self) -> &Visitor {
                &self.0
            }
        }
    };
}

authority!(
    /// Everybody who signed in.
    SignedIn
);
authority!(
    /// An administrator.
    Admin
);
authority!(
    /// Somebody who manages something: an administrator, or a tenant admin.
    Manager
);
authority!(
    /// Somebody who manages the tenant that the path names.
    TenantManager
);

impl TenantManager {
    /// Whether the path may be looked at: of no tenant by administrators alone.
    fn of(visitor: Visitor, tenant: Option<&str>) -> Result<Self, Fault> {
        let managed = tenant.and_then(|tenant| tenant.parse().ok());
        match managed {
            _ if visitor.admin => Ok(Self(visitor)),
            Some(tenant) if visitor.may_manage(&tenant) => Ok(Self(visitor)),
            _ if visitor.manages.is_empty() => Err(Fault::NotAllowed("administrators")),
            _ => Err(Fault::NothingHere),
        }
    }
}

impl FromRequestParts<Arc<Portal>> for SignedIn {
    type Rejection = Fault;
    async fn from_request_parts(head: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Fault> {
        Visitor::of(head, portal).await.map(Self)
    }
}

impl FromRequestParts<Arc<Portal>> for Admin {
    type Rejection = Fault;
    async fn from_request_parts(head: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Fault> {
        let visitor = Visitor::of(head, portal).await?;
        if visitor.admin { Ok(Self(visitor)) } else { Err(Fault::NotAllowed("administrators")) }
    }
}

impl FromRequestParts<Arc<Portal>> for Manager {
    type Rejection = Fault;
    async fn from_request_parts(head: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Fault> {
        let visitor = Visitor::of(head, portal).await?;
        let manages = visitor.admin || !visitor.manages.is_empty();
        if manages { Ok(Self(visitor)) } else { Err(Fault::NotAllowed("administrators")) }
    }
}

impl FromRequestParts<Arc<Portal>> for TenantManager {
    type Rejection = Fault;
    async fn from_request_parts(head: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Fault> {
        let visitor = Visitor::of(head, portal).await?;
        let path: Path<HashMap<String, String>> =
            Path::from_request_parts(head, portal).await.map_err(|_| Fault::NothingHere)?;
        Self::of(visitor, path.get("tenant").map(String::as_str))
    }
}
