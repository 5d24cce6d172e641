//! What an administrator is told who cannot sign in again: why, and the way in that is left.

use std::sync::Arc;

use askama::Template;
use gatehall_domain::quoted;
use gatehall_identity::{Doors, ProviderTrouble, SignInFault};
use http::{StatusCode, request::Parts};

/// The command that makes a link, without whom it is for.
#[derive(Clone)]
pub(super) struct WayIn(pub(super) Arc<str>);

/// Why no provider helps, and what does. Where the gate keeps its data is nobody else's business.
pub(super) struct Stuck {
    pub(super) troubles: Vec<Trouble>,
    pub(super) command: String,
}

/// A provider that does not work.
pub(super) struct Trouble {
    pub(super) provider: String,
    pub(super) found: String,
    pub(super) remedy: &'static str,
}

impl Stuck {
    /// For an administrator who is signed in, however long ago.
    pub(super) fn of(doors: &Doors, head: &Parts, way_in: &WayIn) -> Option<Self> {
        let snapshot = doors.snapshot();
        let user = doors.signed_in(head, &snapshot)?.user;
        snapshot.view(user)?.admin?;
        let email = &snapshot.company().users.get(&user)?.email;
        let providers = snapshot.company().providers.values().filter(|it| it.enabled);
        let mut troubles: Vec<Trouble> = providers
            .filter_map(|it| {
                let ProviderTrouble { found, remedy, .. } = doors.provider_trouble(&it.id)?;
                Some(Trouble { provider: it.id.to_string(), found, remedy })
            })
            .collect();
        troubles.sort_unstable_by(|a, b| a.provider.cmp(&b.provider));
        // Whom it is for stands behind the words of the command.
        let whom = format!(" admin link {} ", quoted(email.as_str()));
        Some(Self { troubles, command: way_in.0.replacen(" admin link ", &whom, 1) })
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
