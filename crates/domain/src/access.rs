//! What one set of grants opens. Users with equal grants share one [`View`].

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use serde::Serialize;
use wildmatch::WildMatch;

use crate::{ConnectionId, Effect, GrantId, GroupId, Target, TenantId, snapshot::Site};

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

/// What one set of grants opens, at one revision. It grows with the grants, not with what they mean.
#[derive(Debug)]
pub struct View {
    /// Number of the view within its snapshot.
    pub id: u32,
    /// Set if the view is an administrator's.
    pub admin: Option<Because>,
    tenants: HashMap<TenantId, Rules>,
    connections: HashMap<ConnectionId, Rules>,
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
        Self { id, admin, tenants: HashMap::new(), connections: HashMap::new() }
    }

    pub(crate) fn add(&mut self, target: &Target, effect: Effect, rule: Rule) {
        let rules = match target {
            // Most grants mean a tenant that another one has meant before.
            Target::Tenant(id) => match self.tenants.get_mut(id) {
                Some(rules) => rules,
                None => self.tenants.entry(id.clone()).or_default(),
            },
            Target::Connection(id) => self.connections.entry(*id).or_default(),
        };
        match effect {
            Effect::Allow => rules.allow.push(rule),
            Effect::Deny => rules.deny.push(rule),
        }
    }

    /// The rules that bear on a connection: those of its tenant, then its own.
    fn rules(&self, site: &Site) -> impl Iterator<Item = &Rules> {
        self.rules_of_tenant(site).into_iter().chain(self.connections.get(&site.connection.id))
    }

    fn rules_of_tenant(&self, site: &Site) -> Option<&Rules> {
        self.tenants.get(site.connection.path.tenant.as_ref()?)
    }

    /// Whether any tool of this connection can be allowed. It only saves looking at tools one by
    /// one; the answer for a tool is [`View::verdict`].
    pub(crate) fn may_open(&self, site: &Site) -> bool {
        self.admin.is_some() || site.is_public() || self.has_grant_for(site)
    }

    /// Whether a grant allows something of this connection.
    pub(crate) fn has_grant_for(&self, site: &Site) -> bool {
        self.rules(site).any(|it| !it.allow.is_empty())
    }

    /// Whether a grant allows something of the whole tenant of this connection.
    pub(crate) fn opens_tenant_of(&self, site: &Site) -> bool {
        self.rules_of_tenant(site).is_some_and(|rules| !rules.allow.is_empty())
    }

    /// The tenants, and the single connections, that a grant may open, in no order.
    pub(crate) fn opened(
        &self,
    ) -> (impl Iterator<Item = &TenantId>, impl Iterator<Item = ConnectionId>) {
        let tenants = self.tenants.iter().filter(|(_, rules)| !rules.allow.is_empty());
        let connections = self.connections.iter().filter(|(_, rules)| !rules.allow.is_empty());
        (tenants.map(|(id, _)| id), connections.map(|(id, _)| *id))
    }

    /// What bears on a connection, for explanations: first what denies, then what allows.
    pub fn reasons(&self, site: &Site) -> impl Iterator<Item = (Effect, Because)> {
        let deny = self.rules(site).flat_map(|rules| &rules.deny);
        let allow = self.rules(site).flat_map(|rules| &rules.allow).map(|rule| rule.because);
        let public = site.is_public().then_some(Because::Public);
        let allow = self.admin.into_iter().chain(public).chain(allow);
        deny.map(|rule| (Effect::Deny, rule.because))
            .chain(allow.map(|because| (Effect::Allow, because)))
    }

    /// The answer for one tool of a connection that is enabled. Deny wins.
    pub(crate) fn verdict(&self, site: &Site, tool: &str) -> Verdict {
        let means = |rule: &&Rule| rule.means(tool);
        if let Some(rule) = self.rules(site).flat_map(|it| &it.deny).find(means) {
            return Verdict::Denied(rule.because);
        }
        if let Some(because) = self.admin {
            return Verdict::Allowed(because);
        }
        if site.is_public() {
            return Verdict::Allowed(Because::Public);
        }
        match self.rules(site).flat_map(|it| &it.allow).find(means) {
            Some(rule) => Verdict::Allowed(rule.because),
            None => Verdict::Silent,
        }
    }
}
