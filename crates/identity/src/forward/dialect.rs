//! The kinds of proxies. Each has its own endpoint, so that nothing is guessed.

/// The kinds of proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Traefik's forwardAuth.
    Traefik,
    /// Caddy's forward_auth.
    Caddy,
    /// nginx's auth_request.
    Nginx,
    /// Envoy's ext_authz over HTTP.
    Envoy,
    /// What oauth2-proxy answers at `/oauth2/auth`.
    OAuth2Proxy,
    /// The migration aid, for Traefik with a plugin that signs in.
    ForwardedUser,
}

impl Dialect {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Traefik => "traefik",
            Self::Caddy => "caddy",
            Self::Nginx => "nginx",
            Self::Envoy => "envoy",
            Self::OAuth2Proxy => "oauth2-proxy",
            Self::ForwardedUser => "forwarded-user",
        }
    }

    /// Whether the proxy passes a redirect on to the browser.
    pub(crate) const fn redirects(self) -> bool {
        !matches!(self, Self::Nginx | Self::OAuth2Proxy)
    }
}
