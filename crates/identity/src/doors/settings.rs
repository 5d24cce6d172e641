use std::net::IpAddr;

use gatehall_domain::ProviderId;
use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

use crate::{Newcomers, OpenWebUi, limits::LimitSettings, session::SessionLimits};

/// How the doors are set.
#[derive(Debug)]
pub struct DoorSettings {
    /// The Open WebUIs whose signed user headers count, no two with one name or one secret.
    pub open_webuis: Vec<OpenWebUi>,
    /// Whether a user whom an Open WebUI vouches for, and who is unknown here, is added.
    pub add_unknown_users: Newcomers,
    /// The address under which browsers and clients know this gate.
    pub public_url: Option<Url>,
    /// The address under which clients reach the tools, where that is another.
    pub client_url: Option<Url>,
    /// The domain below which all hosts share the session; none for this gate's host alone.
    pub cookie_domain: Option<String>,
    /// The proxies in front.
    pub trusted_proxies: Vec<IpNet>,
    /// How long sessions last.
    pub sessions: SessionLimits,
    /// How often somebody may come.
    pub limits: LimitSettings,
    /// The migration aid, if it is on.
    pub forwarded_user: Option<ForwardedUser>,
}

/// A proxy that signs users in by itself and writes their address into `X-Forwarded-User`. Only for
/// the time of a migration: such a header is easily forged.
#[derive(Debug)]
pub struct ForwardedUser {
    /// Who may write it.
    pub peers: Vec<IpNet>,
    /// A secret that has to come with it, in `X-Gatehall-Proxy-Secret`.
    pub secret: Option<SecretString>,
    /// The provider whose ID token has to come with it, in `X-Auth-Request-Token`.
    pub provider: Option<ProviderId>,
}

impl ForwardedUser {
    pub(crate) fn trusts(&self, peer: Option<IpAddr>) -> bool {
        let peer = peer.map(|peer| peer.to_canonical());
        peer.is_some_and(|peer| self.peers.iter().any(|network| network.contains(&peer)))
    }
}
