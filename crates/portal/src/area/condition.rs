//! How connections are, for every page that lists some.

use std::collections::HashMap;

use gatehall_domain::{ConnectionId, Limits, snapshot::Site};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Condition,
    web::{Portal, Short, Visitor, connection_href},
};

/// A connection and how it is.
#[derive(Serialize, JsonSchema)]
pub(super) struct ConnectionRow {
    pub(super) path: String,
    #[serde(skip)]
    pub(super) href: String,
    pub(super) tenant: Option<String>,
    pub(super) server: String,
    /// `up`, `down`, `unseen` (not checked yet) or `disabled`.
    pub(super) state: &'static str,
    /// What it says of itself, or why it is not up.
    pub(super) said: String,
    pub(super) remedy: String,
    pub(super) tools: usize,
    /// Milliseconds that the last look took.
    pub(super) milliseconds: u64,
    /// How many credentials it has.
    pub(super) credentials: usize,
    /// Its own limits in words; empty if it has none.
    pub(super) limits: String,
}

impl ConnectionRow {
    /// The connections that are wanted, by path.
    pub(super) fn all(
        portal: &Portal,
        visitor: &Visitor,
        wanted: impl Fn(&Site) -> bool,
    ) -> Vec<Self> {
        let snapshot = &visitor.snapshot;
        let conditions: HashMap<ConnectionId, Condition> =
            portal.hall.conditions().into_iter().map(|it| (it.connection, it)).collect();
        let mut credentials: HashMap<ConnectionId, usize> = HashMap::new();
        for credential in snapshot.company().credentials.values() {
            *credentials.entry(credential.connection).or_default() += 1;
        }
        let sites = snapshot.sites().filter(|site| wanted(site));
        let row = |site: &Site| {
            let id = site.connection.id;
            Self::new(site, conditions.get(&id), credentials.get(&id).copied().unwrap_or(0))
        };
        sites.map(row).collect()
    }

    fn new(site: &Site, condition: Option<&Condition>, credentials: usize) -> Self {
        let path = site.connection.path.to_string();
        let (state, said) = state_of(site, condition);
        Self {
            href: connection_href(&path),
            tenant: site.connection.path.tenant.as_ref().map(ToString::to_string),
            server: site.connection.path.server.to_string(),
            state,
            said,
            remedy: condition.map(|it| it.remedy.clone()).unwrap_or_default(),
            tools: condition.map_or(0, |it| it.tools),
            milliseconds: condition.map_or(0, |it| it.milliseconds),
            credentials,
            limits: limits(&site.connection.limits),
            path,
        }
    }

    /// Its state in words.
    pub(super) fn state_label(&self) -> &'static str {
        state_label(self.state)
    }

    /// How its state looks.
    pub(super) fn tone(&self) -> &'static str {
        tone(self.state)
    }

    /// The icon of its state.
    pub(super) fn icon(&self) -> &'static str {
        icon(self.state)
    }
}

/// Its state in one word, and what it says of itself or why it is not up.
pub(super) fn state_of(site: &Site, condition: Option<&Condition>) -> (&'static str, String) {
    match (site.off, condition) {
        (Some(off), _) => ("disabled", off.because().to_owned()),
        (None, Some(it)) => (it.state, Short::text(&it.said)),
        (None, None) => ("unseen", String::new()),
    }
}

fn limits(limits: &Limits) -> String {
    let seconds = limits.timeout_seconds.map(|it| format!("{it} s"));
    let calls = limits.concurrent_calls.map(|it| format!("{it} concurrent"));
    let both: Vec<String> = seconds.into_iter().chain(calls).collect();
    both.join(", ")
}

/// How a state looks: `good`, `warn`, `bad` or nothing.
pub(super) fn tone(state: &str) -> &'static str {
    match state {
        "up" => "good",
        "down" => "bad",
        "unseen" => "warn",
        _ => "",
    }
}

/// A state in words.
pub(super) fn state_label(state: &'static str) -> &'static str {
    if state == "unseen" { "not checked yet" } else { state }
}

/// The icon of a state.
pub(super) fn icon(state: &str) -> &'static str {
    match state {
        "up" => "yes",
        "down" => "no",
        _ => "wait",
    }
}
