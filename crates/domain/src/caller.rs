//! Who makes a request, and at which of Gatehall's endpoints.

use std::fmt;

use serde::Serialize;

use crate::{ConnectionPath, KeyId, ServerId, TenantId, UserId};

/// Who makes this request, as a door has proved it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The person, if the proof names one. A service key alone names nobody.
    pub user: Option<UserId>,
    /// The door that proved it.
    pub door: Door,
    /// The key that was shown, if one was.
    pub key: Option<KeyId>,
    /// The only tenant the key may be used for, if it is limited to one.
    pub tenant: Option<TenantId>,
}

/// The way by which a caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// A personal API key.
    PersonalKey,
    /// A service key together with Open WebUI's signed user header.
    OpenWebUi,
    /// A service key that names no user.
    ServiceKey,
    /// A browser's session.
    Session,
    /// An access token of a provider.
    AccessToken,
    /// A name that a proxy wrote: the migration aid.
    ForwardedUser,
}

impl Door {
    /// The name used in audit events and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PersonalKey => "personal-key",
            Self::OpenWebUi => "open-web-ui",
            Self::ServiceKey => "service-key",
            Self::Session => "session",
            Self::AccessToken => "access-token",
            Self::ForwardedUser => "forwarded-user",
        }
    }
}

/// Which part of what the caller reaches a URL speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Everything.
    All,
    /// One tenant.
    Tenant(TenantId),
    /// One server of a tenant, or a server of no tenant.
    Server(Option<TenantId>, ServerId),
}

impl Endpoint {
    /// Whether a connection belongs to this endpoint.
    pub fn holds(&self, path: &ConnectionPath) -> bool {
        match self {
            Self::All => true,
            Self::Tenant(tenant) => path.tenant.as_ref() == Some(tenant),
            Self::Server(tenant, server) => path.tenant == *tenant && path.server == *server,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("/"),
            Self::Tenant(tenant) => write!(f, "/{tenant}"),
            Self::Server(Some(tenant), server) => write!(f, "/{tenant}/{server}"),
            Self::Server(None, server) => write!(f, "/-/{server}"),
        }
    }
}
