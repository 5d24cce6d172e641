//! What an administrator is told who cannot sign in again: why, and the way in that is left.

use std::sync::Arc;

use askama::Template;
use gatehall_domain::ProviderId;
use gatehall_identity::{Doors, ProviderTrouble, SignInFault};
use http::{StatusCode, request::Parts};

use crate::Hall;

/// Knows the command that makes a link.
#[derive(Clone)]
pub(super) struct WayIn(pub(super) Arc<dyn Hall>);

/// Why no provider helps, and what does. Where the gate keeps its data is nobody else's business.
pub(super) struct Stuck {
    pub(super) troubles: Vec<(ProviderId, ProviderTrouble)>,
    pub(super) command: String,
}

impl Stuck {
    /// For an administrator who is signed in, however long ago.
    pub(super) fn of(doors: &Doors, head: &Parts, way_in: &WayIn) -> Option<Self> {
        let snapshot = doors.snapshot();
        let user = doors.signed_in(head, &snapshot)?.user;
        snapshot.view(user)?.admin?;
        let company = snapshot.company();
        let email = &company.users.get(&user)?.email;
        let command = way_in.0.admin_link_command(email);
        Some(Self { troubles: doors.provider_troubles(company), command })
    }
}

/// A provider that does not answer as it should.
#[derive(Template)]
#[template(path = "door/down.html")]
pub(super) struct Down {
    pub(super) text: String,
    pub(super) stuck: Option<Stuck>,
}

impl Down {
    pub(super) fn page(stuck: Option<Stuck>) -> axum::response::Response {
        let text = SignInFault::Provider.to_string();
        super::page::page(StatusCode::SERVICE_UNAVAILABLE, &Self { text, stuck })
    }
}
