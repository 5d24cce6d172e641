//! What one set of grants opens. Users with equal grants share one [`View`].

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use serde::Serialize;
use wildmatch::WildMatch;

use crate::{ConnectionId, Effect, GrantId, GroupId};

/// Why a call is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The server is public.
    Public,
    /// The user is flagged as an administrator.
    Admin,
    /// The user is a member of the administrators' group.
    AdminGroup(GroupId),
    /// This grant allows it.
    Grant(GrantId),
}

/// What one set of grants opens, at one revision.
#[derive(Debug)]
pub struct View {
    /// Number of the view within its snapshot.
    pub id: u32,
    /// Set if the view is an administrator's.
    pub admin: Option<Because>,
    rules: HashMap<ConnectionId, Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    allow: Vec<Rule>,
    deny: Vec<Rule>,
}

/// One grant as it bears on one connection.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) because: Because,
    /// Compiled once for all views.
    pub(crate) tools: Option<Arc<WildMatch>>,
}

impl Rule {
    fn means(&self, tool: &str) -> bool {
        self.tools.as_ref().is_none_or(|pattern| pattern.matches(tool))
    }
}

/// What a view says about one tool.
pub(crate) enum Verdict {
    Allowed(Because),
    Denied(Because),
    Silent,
}

impl View {
    pub(crate) fn new(id: u32, admin: Option<Because>) -> Self {
        Self { id, admin, rules: HashMap::new() }
    }

    pub(crate) fn allow(&mut self, connection: ConnectionId, rule: Rule) {
        self.rules.entry(connection).or_default().allow.push(rule);
    }

    pub(crate) fn deny(&mut self, connection: ConnectionId, rule: Rule) {
        self.rules.entry(connection).or_default().deny.push(rule);
    }

    /// Whether any tool of this connection can be allowed. It only saves looking at tools one by
    /// one; the answer for a tool is [`View::verdict`].
    pub(crate) fn may_open(&self, connection: ConnectionId) -> bool {
        self.admin.is_some()
            || self.rules.get(&connection).is_some_and(|rules| !rules.allow.is_empty())
    }

    /// The connections that a rule may open, in no order.
    pub(crate) fn opened(&self) -> impl Iterator<Item = ConnectionId> {
        self.rules.iter().filter(|(_, rules)| !rules.allow.is_empty()).map(|(id, _)| *id)
    }

    /// What bears on a connection, for explanations: first what denies, then what allows.
    pub fn reasons(&self, connection: ConnectionId) -> impl Iterator<Item = (Effect, Because)> {
        let rules = self.rules.get(&connection);
        let deny = rules.into_iter().flat_map(|rules| &rules.deny);
        let allow = rules.into_iter().flat_map(|rules| &rules.allow);
        deny.map(|rule| (Effect::Deny, rule.because))
            .chain(self.admin.map(|because| (Effect::Allow, because)))
            .chain(allow.map(|rule| (Effect::Allow, rule.because)))
    }

    /// The answer for one tool of a connection that is enabled. Deny wins.
    pub(crate) fn verdict(&self, connection: ConnectionId, tool: &str) -> Verdict {
        let rules = self.rules.get(&connection);
        if let Some(rule) = rules.and_then(|rules| rules.deny.iter().find(|rule| rule.means(tool)))
        {
            return Verdict::Denied(rule.because);
        }
        if let Some(because) = self.admin {
            return Verdict::Allowed(because);
        }
        match rules.and_then(|rules| rules.allow.iter().find(|rule| rule.means(tool))) {
            Some(rule) => Verdict::Allowed(rule.because),
            None => Verdict::Silent,
        }
    }
}
