use std::sync::Arc;

use gatehall_domain::{ConnectionPath, Credential, Limits, Transport, snapshot::Site};

/// What of the records makes an upstream what it is. As long as it stays, so does the upstream;
/// other credentials it takes over.
#[derive(Debug, PartialEq)]
pub(super) struct MadeOf {
    path: ConnectionPath,
    transport: Transport,
    stateful: bool,
    limits: Limits,
    credentials: Vec<Arc<Credential>>,
}

impl MadeOf {
    pub(super) fn new(site: &Site, mut credentials: Vec<Arc<Credential>>) -> Self {
        credentials.sort_by(|a, b| a.placement.cmp(&b.placement));
        let connection = &site.connection;
        let tenant = connection.path.tenant.as_ref();
        Self {
            path: connection.path.clone(),
            transport: site.server.transport.resolve(tenant, connection.url.as_ref()),
            stateful: site.server.stateful,
            limits: connection.limits,
            credentials,
        }
    }

    /// Whether the same way leads there, with other credentials.
    pub(super) fn differs_in_credentials_alone(&self, other: &Self) -> bool {
        let Self { path, transport, stateful, limits, credentials: _ } = self;
        (path, transport, stateful, limits)
            == (&other.path, &other.transport, &other.stateful, &other.limits)
    }

    /// Whether its tools are the same as the other's, though perhaps with another credential.
    pub(super) fn leads_where(&self, other: &Self) -> bool {
        self.transport == other.transport && self.path == other.path
    }
}
