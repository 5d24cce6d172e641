//! What one set of grants opens. Users with equal grants share one [`View`].

use std::sync::Arc;

use serde::Serialize;

use super::{place::Place, sites::Site};
use crate::{Effect, GrantId, GroupId, ToolMatcher};

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

/// What one set of grants says, at one revision. It grows with the grants, not with what they mean.
#[derive(Debug)]
pub struct View {
    /// What no other view has whose snapshot has the same [`Snapshot::sites`](crate::Snapshot::sites).
    pub id: u64,
    /// Set if the view is an administrator's.
    pub admin: Option<Because>,
    /// By place.
    rules: Box<[Rule]>,
}

/// Something that bears on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Whether it opens or closes.
    pub effect: Effect,
    /// What it is.
    pub because: Because,
    /// Set where it counts only because the user's groups are not known.
    pub supposed: bool,
}

/// One grant, as it is looked for.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) place: Place,
    pub(super) effect: Effect,
    pub(super) grant: GrantId,
    /// Set where it counts only because the user's groups are not known.
    pub(super) supposed: bool,
    /// Compiled once for all views.
    pub(super) tools: Option<Arc<ToolMatcher>>,
}

impl Rule {
    fn means(&self, effect: Effect, tool: &str) -> bool {
        self.effect == effect && self.tools.as_ref().is_none_or(|pattern| pattern.matches(tool))
    }

    fn because(&self) -> Because {
        Because::Grant(self.grant)
    }
}

/// What a view says about one tool.
pub(crate) enum Verdict {
    Allowed(Because),
    Denied(Because),
    /// The user may be in a group to which a grant denies it.
    DeniedUntilKnown(Because),
    Silent,
}

impl View {
    pub(super) fn new(id: u64, admin: Option<Because>, mut rules: Vec<Rule>) -> Self {
        rules.sort_by_key(|rule| rule.place);
        Self { id, admin, rules: rules.into() }
    }

    fn at(&self, place: Place) -> &[Rule] {
        let start = self.rules.partition_point(|rule| rule.place < place);
        let end = self.rules[start..].partition_point(|rule| rule.place == place);
        &self.rules[start..start + end]
    }

    /// The rules that bear on a connection: those of its tenant, then its own.
    fn rules(&self, site: &Site) -> impl Iterator<Item = &Rule> {
        let of_tenant = site.tenant_place.map_or(&[][..], |place| self.at(place));
        of_tenant.iter().chain(self.at(site.place))
    }

    /// Whether any tool of this connection can be allowed. It only saves looking at tools one by
    /// one; the answer for a tool is [`View::verdict`].
    pub(crate) fn may_open(&self, site: &Site) -> bool {
        self.admin.is_some() || site.is_public() || self.has_grant_for(site)
    }

    /// Whether a grant allows something of this connection.
    pub(crate) fn has_grant_for(&self, site: &Site) -> bool {
        self.rules(site).any(|rule| rule.effect == Effect::Allow)
    }

    /// Whether a grant allows something of the whole tenant of this connection.
    pub(crate) fn opens_tenant_of(&self, site: &Site) -> bool {
        let allows = |place| self.at(place).iter().any(|rule| rule.effect == Effect::Allow);
        site.tenant_place.is_some_and(allows)
    }

    /// The places of which a grant allows something, each once: tenants, then connections.
    pub(crate) fn opened(&self) -> impl Iterator<Item = Place> {
        let places = self.rules.chunk_by(|a, b| a.place == b.place);
        let allow = places.filter(|rules| rules.iter().any(|it| it.effect == Effect::Allow));
        allow.filter_map(|rules| Some(rules.first()?.place))
    }

    /// What bears on a connection, for explanations: first what denies, then what allows.
    pub fn reasons(&self, site: &Site) -> impl Iterator<Item = Reason> {
        let of = |effect| {
            let rules = self.rules(site).filter(move |rule| rule.effect == effect);
            rules.map(move |rule| Reason {
                effect,
                because: rule.because(),
                supposed: rule.supposed,
            })
        };
        let public = site.is_public().then_some(Because::Public);
        let anyway = self.admin.into_iter().chain(public);
        let anyway =
            anyway.map(|because| Reason { effect: Effect::Allow, because, supposed: false });
        of(Effect::Deny).chain(anyway).chain(of(Effect::Allow))
    }

    /// The answer for one tool of a connection that is enabled. Deny wins.
    pub(crate) fn verdict(&self, site: &Site, tool: &str) -> Verdict {
        let find = |effect| self.rules(site).find(|rule| rule.means(effect, tool));
        let denies = |supposed| {
            let mut rules = self.rules(site).filter(move |rule| rule.supposed == supposed);
            rules.find(|rule| rule.means(Effect::Deny, tool))
        };
        if let Some(rule) = denies(false) {
            return Verdict::Denied(rule.because());
        }
        if let Some(rule) = denies(true) {
            return Verdict::DeniedUntilKnown(rule.because());
        }
        if let Some(because) = self.admin {
            return Verdict::Allowed(because);
        }
        if site.is_public() {
            return Verdict::Allowed(Because::Public);
        }
        match find(Effect::Allow) {
            Some(rule) => Verdict::Allowed(rule.because()),
            None => Verdict::Silent,
        }
    }
}
