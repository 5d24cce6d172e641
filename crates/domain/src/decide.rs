//! The one place where access is decided. Lists, calls, pages and explanations all ask here.

use std::sync::Arc;

use crate::{
    Because, Caller, ConnectionId, Endpoint, Timestamp, User, UserId, View,
    snapshot::{Off, Site, Snapshot, place::Place, view::Verdict},
};

/// The answer to "may this caller use this tool?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes, and why.
    Allowed(Because),
    /// No, and why. A caller never learns the reason; the audit and administrators do.
    Denied(Denial),
}

/// Why a caller may not use a tool: the first step that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Denial {
    /// The proof names no user, as with a service key alone.
    #[error("the caller names no user")]
    NoUser,
    /// The user does not exist any more.
    #[error("the user is unknown")]
    UnknownUser,
    /// The user is disabled.
    #[error("the user is disabled")]
    UserDisabled,
    /// The key was revoked, removed, or has ended.
    #[error("the key is not valid any more")]
    KeyGone,
    /// Nothing of that name exists.
    #[error("there is no such tool")]
    UnknownTool,
    /// The connection is not one of this endpoint.
    #[error("the tool is not at this endpoint")]
    OutsideEndpoint,
    /// The key is limited to another tenant.
    #[error("the key is limited to another tenant")]
    OutsideKey,
    /// The tenant is disabled.
    #[error("the tenant is disabled")]
    TenantDisabled,
    /// The server is disabled.
    #[error("the server is disabled")]
    ServerDisabled,
    /// The connection is disabled.
    #[error("the connection is disabled")]
    ConnectionDisabled,
    /// No grant reaches it.
    #[error("no grant allows it")]
    NotGranted,
    /// A deny grant closes it.
    #[error("a grant denies it")]
    DeniedBy(Because),
    /// The request has a member that some programs read as another one.
    #[error("a member of the request can be read in two ways")]
    Ambiguous,
    /// A deny grant closes it to a group that the user may be in: a provider has not said yet.
    #[error("the user's groups are not known yet, and a grant denies it to one they may be in")]
    GroupsUnknown(Because),
    /// Too many calls came; so many seconds later it may be tried again.
    #[error("too many calls: a limit was reached")]
    TooOften(u64),
}

/// Leave to make one call. Only [`Reach::permit`] makes one, and an upstream cannot be called
/// without it.
#[derive(Debug, Clone)]
pub struct Permit {
    user: UserId,
    connection: ConnectionId,
    tool: Arc<str>,
    because: Because,
    revision: u64,
}

impl Permit {
    /// The user who may call.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The connection that may be called.
    pub const fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// The server's own name of the tool.
    pub const fn tool(&self) -> &Arc<str> {
        &self.tool
    }

    /// Why.
    pub const fn because(&self) -> Because {
        self.because
    }

    /// The revision at which it was decided.
    pub const fn revision(&self) -> u64 {
        self.revision
    }
}

/// What one caller reaches at one endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'s> {
    snapshot: &'s Snapshot,
    user: &'s User,
    view: &'s View,
    caller: &'s Caller,
    endpoint: &'s Endpoint,
}

impl<'s> Reach<'s> {
    /// Finds out whether the caller is somebody, at the time `now`.
    ///
    /// # Errors
    /// Why the caller reaches nothing at all.
    pub fn new(
        snapshot: &'s Snapshot,
        caller: &'s Caller,
        endpoint: &'s Endpoint,
        now: Timestamp,
    ) -> Result<Self, Denial> {
        if let Some(key) = &caller.key
            && !snapshot.company().keys.get(key).is_some_and(|key| key.is_live(now))
        {
            return Err(Denial::KeyGone);
        }
        let id = caller.user.ok_or(Denial::NoUser)?;
        let user = snapshot.company().users.get(&id).ok_or(Denial::UnknownUser)?;
        let view = snapshot.view(id).ok_or(Denial::UserDisabled)?;
        Ok(Self { snapshot, user, view, caller, endpoint })
    }

    /// The user.
    pub const fn user(&self) -> &'s User {
        self.user
    }

    /// The user's view.
    pub const fn view(&self) -> &'s View {
        self.view
    }

    /// The connections of which some tool may be allowed, in the order of their paths.
    pub fn connections(&self) -> impl Iterator<Item = &'s Site> + use<'s> {
        let reach = *self;
        self.snapshot
            .sites_at(self.endpoint)
            .iter()
            .filter(move |site| reach.closed(site).is_none() && reach.view.may_open(site))
    }

    /// How many [`Reach::connections`] there are. Most people reach few of many, and only those are
    /// gone through.
    pub fn connection_count(&self) -> usize {
        if self.view.admin.is_some() {
            return self.connections().count();
        }
        self.opened().count()
    }

    /// Whether there are any [`Reach::connections`].
    pub fn has_connections(&self) -> bool {
        if self.view.admin.is_some() {
            return self.connections().next().is_some();
        }
        self.opened().next().is_some()
    }

    /// The connections of somebody who is no administrator, each once: of tenants, then single
    /// ones, then public ones.
    fn opened(&self) -> impl Iterator<Item = &'s Site> {
        let (reach, snapshot, view) = (*self, self.snapshot, self.view);
        let of_place = move |place| {
            // Those of a tenant that is open as a whole come with their tenant.
            let single = matches!(place, Place::Connection(_));
            let sites = snapshot.sites_in(place).iter();
            sites.filter(move |site| !(single && view.opens_tenant_of(site)))
        };
        let public = snapshot.public_sites().filter(|site| !view.has_grant_for(site));
        let all = view.opened().flat_map(of_place).chain(public);
        all.filter(move |site| reach.closed(site).is_none())
    }

    /// Whether the caller may use a tool, by the name its server gives it.
    pub fn decide(&self, connection: ConnectionId, tool: &str) -> Decision {
        let Some(site) = self.snapshot.site(connection) else {
            return Decision::Denied(Denial::UnknownTool);
        };
        if let Some(denial) = self.closed(site) {
            return Decision::Denied(denial);
        }
        match self.view.verdict(site, tool) {
            Verdict::Allowed(because) => Decision::Allowed(because),
            Verdict::Denied(because) => Decision::Denied(Denial::DeniedBy(because)),
            Verdict::DeniedUntilKnown(because) => Decision::Denied(Denial::GroupsUnknown(because)),
            Verdict::Silent => Decision::Denied(Denial::NotGranted),
        }
    }

    /// [`Reach::decide`], with the leave to call if the answer is yes.
    ///
    /// # Errors
    /// Why the caller may not.
    pub fn permit(&self, connection: ConnectionId, tool: &Arc<str>) -> Result<Permit, Denial> {
        match self.decide(connection, tool) {
            Decision::Allowed(because) => Ok(Permit {
                user: self.user.id,
                connection,
                tool: Arc::clone(tool),
                because,
                revision: self.snapshot.revision(),
            }),
            Decision::Denied(denial) => Err(denial),
        }
    }

    /// Why a whole connection is closed to the caller, whatever the grants say.
    fn closed(&self, site: &Site) -> Option<Denial> {
        let path = &site.connection.path;
        if !self.endpoint.holds(path) {
            return Some(Denial::OutsideEndpoint);
        }
        if self.caller.tenant.is_some() && self.caller.tenant != path.tenant {
            return Some(Denial::OutsideKey);
        }
        site.off.map(|off| match off {
            Off::Tenant => Denial::TenantDisabled,
            Off::Server => Denial::ServerDisabled,
            Off::Connection => Denial::ConnectionDisabled,
        })
    }
}

/// Whether a caller may use a tool of a connection, at an endpoint, at the time `now`.
pub fn decide(
    snapshot: &Snapshot,
    caller: &Caller,
    endpoint: &Endpoint,
    now: Timestamp,
    connection: ConnectionId,
    tool: &str,
) -> Decision {
    match Reach::new(snapshot, caller, endpoint, now) {
        Ok(reach) => reach.decide(connection, tool),
        Err(denial) => Decision::Denied(denial),
    }
}
