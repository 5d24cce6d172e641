//! What all doors share: settings, providers, sessions, and where they read and write.

use std::{net::IpAddr, sync::Arc};

use gatehall_domain::{Caller, Clock, Connection, Snapshot, Timestamp};
use gatehall_vault::Vault;
use http::request::Parts;
use quick_cache::sync::Cache;
use url::Url;

use super::{settings::DoorSettings, verified::VerifiedTokens};
use crate::{
    Arrivals, Rejection, SessionIndex, Snapshots,
    forward::Assertions,
    limits::Limits,
    open_webui::{ChatNews, UserHeaders},
    peer::Proxies,
    provider::Providers,
    session::{Jar, SessionDoor},
};

/// The session cookie's name, without its prefix.
const COOKIE: &str = "gatehall";

/// What doors are made of, besides their settings.
pub struct DoorParts {
    /// Seals cookies, and opens the secrets of providers.
    pub vault: Arc<Vault>,
    /// The time.
    pub clock: Clock,
    /// What doors write.
    pub arrivals: Arc<dyn Arrivals>,
    /// What doors read.
    pub snapshots: Arc<dyn Snapshots>,
    /// Who is signed in.
    pub sessions: Arc<SessionIndex>,
}

/// All doors. The first that finds its kind of proof decides, and nothing else in a request may name
/// somebody else.
pub struct Doors {
    pub(crate) settings: DoorSettings,
    pub(crate) providers: Providers,
    pub(crate) sessions: SessionDoor,
    pub(crate) jar: Jar,
    /// Of the gate's own host alone, whatever hosts share a session.
    pub(crate) own_jar: Jar,
    pub(crate) limits: Limits,
    pub(crate) proxies: Proxies,
    pub(crate) arrivals: Arc<dyn Arrivals>,
    pub(crate) snapshots: Arc<dyn Snapshots>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Clock,
    pub(crate) assertions: Assertions,
    /// States and logout tokens that were used, until their time is over anyway.
    pub(crate) used: Cache<String, ()>,
    pub(super) open_webuis: UserHeaders,
    pub(crate) chat_news: ChatNews,
    pub(super) tokens: VerifiedTokens,
}

/// How many used states and logout tokens are remembered.
const USED: usize = 50_000;

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Doors")
    }
}

impl Doors {
    /// Doors with these settings.
    pub fn new(mut settings: DoorSettings, parts: DoorParts) -> Arc<Self> {
        let jar = Jar::new(settings.cookie_domain.clone());
        let sessions = SessionDoor::new(
            Arc::clone(&parts.vault),
            parts.sessions,
            settings.sessions,
            jar.name(COOKIE),
        );
        Arc::new(Self {
            providers: Providers::new(Arc::clone(&parts.vault)),
            sessions,
            jar,
            own_jar: Jar::new(None),
            limits: Limits::new(&settings.limits),
            proxies: Proxies::new(settings.trusted_proxies.clone()),
            arrivals: parts.arrivals,
            snapshots: parts.snapshots,
            assertions: Assertions::new(&parts.vault),
            vault: parts.vault,
            clock: parts.clock,
            used: Cache::new(USED),
            open_webuis: UserHeaders::new(std::mem::take(&mut settings.open_webuis)),
            chat_news: ChatNews::default(),
            tokens: VerifiedTokens::new(),
            settings,
        })
    }

    /// Follows the records. To be called for each new snapshot.
    pub fn follow(&self, snapshot: &Snapshot) {
        self.providers.follow(snapshot);
    }

    /// Follows an older company, since the store has nothing newer any more.
    pub fn go_back(&self, snapshot: &Snapshot) {
        self.providers.go_back(snapshot);
    }

    /// Keeps what is known of providers up to date, and forgets what is over. Never ends.
    pub async fn keep(&self) {
        let sweep = async {
            loop {
                tokio::time::sleep(std::time::Duration::from_secs(60)).await;
                self.limits.sweep();
                self.sessions.index.sweep(self.clock.now());
            }
        };
        tokio::join!(self.providers.keep(), sweep);
    }

    /// What is known now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.snapshot()
    }

    /// The time here.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The address under which browsers know this gate.
    pub const fn public_url(&self) -> Option<&Url> {
        self.settings.public_url.as_ref()
    }

    /// The address under which clients reach the tools.
    pub fn client_url(&self) -> Option<&Url> {
        self.settings.client_url.as_ref().or(self.public_url())
    }

    /// Where a request comes from, as far as trusted proxies can tell.
    pub fn address(&self, head: &Parts) -> IpAddr {
        self.proxies.client(&head.headers, &head.extensions)
    }

    /// Counts a call of a tool.
    ///
    /// # Errors
    /// [`Rejection::TooMany`].
    pub fn count_call(&self, caller: &Caller, connection: &Connection) -> Result<(), Rejection> {
        self.limits.call(caller.user, connection.path.tenant.as_ref(), connection.id)
    }

    /// Counts a call that was refused.
    ///
    /// # Errors
    /// [`Rejection::TooMany`].
    pub fn count_refused(&self, caller: &Caller) -> Result<(), Rejection> {
        self.limits.refused_call(caller)
    }

    /// Whether a proxy may name the user in `X-Forwarded-User`.
    pub const fn takes_forwarded_user(&self) -> bool {
        self.settings.forwarded_user.is_some()
    }
}
