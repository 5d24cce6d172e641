//! All doors in one place: which proof a request carries, and whom it proves.

mod bearer;
mod chat;
mod entry;
mod newcomer;
mod one_person;
mod settings;

use std::{net::IpAddr, sync::Arc};

use gatehall_domain::{Caller, Clock, Door, ProviderId, Snapshot, Timestamp, UserId};
use gatehall_vault::Vault;
use http::{HeaderMap, HeaderName, header::AUTHORIZATION, request::Parts};
use quick_cache::sync::Cache;
use url::Url;

pub(crate) use entry::Entered;
pub use settings::{DoorSettings, ForwardedUser};

use self::{bearer::Bearer, one_person::names_chat_users};
use crate::{
    Arrivals, Rejection, SessionIndex, Snapshots,
    forward::Assertions,
    key::live_key,
    limits::Limits,
    open_webui::{ChatNews, UserHeaders},
    peer::Proxies,
    provider::Providers,
    session::{CookieJar, Jar, LiveSession, SessionDoor},
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
    open_webuis: UserHeaders,
    pub(crate) chat_news: ChatNews,
    bearer: Bearer,
}

/// What a page sends with what it asks for by itself, so that it does not keep a session from
/// ending while nobody is there.
const UNATTENDED: HeaderName = HeaderName::from_static("gatehall-unattended");

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
            bearer: Bearer::new(),
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

    /// The session of the browser that sends a request, if it has a good one.
    pub fn signed_in(&self, head: &Parts, snapshot: &Snapshot) -> Option<LiveSession> {
        let now = self.clock.now();
        let fresh = self.snapshots.is_fresh(now);
        self.session(&head.headers, snapshot, now).ok().filter(|_| fresh)
    }

    /// Where a request comes from, as far as trusted proxies can tell.
    pub fn address(&self, head: &Parts) -> IpAddr {
        self.proxies.client(&head.headers, &head.extensions)
    }

    /// Who makes a request, at the time `now`. Who proves nothing may not try for ever.
    ///
    /// # Errors
    /// Why the proof is not accepted.
    pub async fn caller(
        &self,
        head: &Parts,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Caller, Rejection> {
        match self.prove(&head.headers, snapshot, now).await {
            Ok(caller) => {
                self.note_unknown(&caller, head, snapshot, now);
                Ok(caller)
            }
            Err(rejection) => {
                let address = self.address(head);
                // Whose proof is good has proved something, and a chat comes with each message.
                let too_many = match rejection.is_final() {
                    true => None,
                    false => self.limits.unproven(address).err(),
                };
                let rejection = too_many.unwrap_or(rejection);
                if rejection != Rejection::NoProof {
                    self.note_refusal(&rejection, head, address, snapshot, now);
                }
                Err(rejection)
            }
        }
    }

    /// The same where a chat's user who is nobody here is let in as that, to be told why. Each
    /// message of theirs would end in a connection that failed otherwise, which tells them nothing.
    ///
    /// # Errors
    /// Why the proof is not accepted.
    pub async fn caller_or_stranger(
        &self,
        head: &Parts,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<(Caller, Option<Rejection>), Rejection> {
        match self.caller(head, snapshot, now).await {
            Ok(caller) => Ok((caller, None)),
            Err(rejection) => match self.stranger(head, &rejection, snapshot, now) {
                Some(caller) => Ok((caller, Some(rejection))),
                None => Err(rejection),
            },
        }
    }

    /// Counts a call of a tool.
    ///
    /// # Errors
    /// [`Rejection::TooMany`].
    pub fn count_call(
        &self,
        caller: &Caller,
        connection: &gatehall_domain::Connection,
    ) -> Result<(), Rejection> {
        self.limits.call(caller.user, connection.path.tenant.as_ref(), connection.id)
    }

    /// Counts a call that was refused.
    ///
    /// # Errors
    /// [`Rejection::TooMany`].
    pub fn count_refused(&self, caller: &Caller) -> Result<(), Rejection> {
        self.limits.refused_call(caller)
    }

    /// Who makes a request with these headers. What they hold besides must not name anybody else.
    pub(crate) async fn prove(
        &self,
        headers: &HeaderMap,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Caller, Rejection> {
        let caller = self.first_proof(headers, snapshot, now).await?;
        self.names_one_person(&caller, headers, snapshot, now)?;
        Ok(caller)
    }

    async fn first_proof(
        &self,
        headers: &HeaderMap,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Caller, Rejection> {
        let Some(proof) = shown_proof(headers)? else {
            let session = self.session(headers, snapshot, now);
            return session.map(|session| caller_of(session.user, Door::Session));
        };
        if proof.starts_with(gatehall_vault::KEY_PREFIX) {
            return self.by_key(proof, headers, snapshot, now).await;
        }
        if proof.bytes().filter(|byte| *byte == b'.').count() == 2 {
            let user = self.by_token(proof, snapshot, now).await?;
            return Ok(caller_of(user, Door::AccessToken));
        }
        Err(Rejection::UnknownKind)
    }

    /// The session of a browser.
    pub(crate) fn session(
        &self,
        headers: &HeaderMap,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<LiveSession, Rejection> {
        let session = self.look_at_session(headers, snapshot, now)?;
        if !headers.contains_key(UNATTENDED) {
            self.sessions.index.used(&session.id, now);
        }
        Ok(session)
    }

    /// The same, which is no use of it.
    fn look_at_session(
        &self,
        headers: &HeaderMap,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<LiveSession, Rejection> {
        let jar = CookieJar::of(headers);
        let mut named = jar.all(&self.sessions.name).peekable();
        named.peek().ok_or(Rejection::NoProof)?;
        // Of several the one counts that is good: any page below the cookie domain may set others.
        let good = named.flatten().filter_map(|value| self.sessions.check(value, now));
        let good: Vec<LiveSession> = good.filter(|it| is_somebody(it, snapshot)).collect();
        let session = good.iter().max_by_key(|it| it.authenticated_at);
        let session = session.ok_or(Rejection::NoSession)?;
        if good.iter().any(|other| other.user != session.user) {
            return Err(Rejection::TwoPeople);
        }
        Ok(session.clone())
    }

    async fn by_key(
        &self,
        proof: &str,
        headers: &HeaderMap,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Caller, Rejection> {
        let key = live_key(proof, snapshot, now)?;
        self.arrivals.key_used(&key.id, now);
        let caller = |user, door| Caller {
            user,
            door,
            key: Some(key.id.clone()),
            tenant: key.tenant.clone(),
        };
        if let Some(user) = key.user {
            // The key of a user who is gone or disabled is dead.
            return match snapshot.view(user) {
                Some(_) => Ok(caller(Some(user), Door::PersonalKey)),
                None => Err(Rejection::BadKey),
            };
        }
        match self.open_webuis.user(headers, now)? {
            None => {
                if names_chat_users(headers) {
                    self.chat_news.plain(now);
                }
                Ok(caller(None, Door::ServiceKey))
            }
            Some(chat) => {
                Ok(caller(self.vouched_user(&chat, snapshot, key).await?, Door::OpenWebUi))
            }
        }
    }

    /// Whether a proxy may name the user in `X-Forwarded-User`.
    pub const fn takes_forwarded_user(&self) -> bool {
        self.settings.forwarded_user.is_some()
    }
}

/// Whether a session is still somebody's: a user who is gone or disabled is signed in no longer, and
/// nobody is any more whose provider is gone or disabled.
fn is_somebody(session: &LiveSession, snapshot: &Snapshot) -> bool {
    let providers = &snapshot.company().providers;
    let enabled = |id: &ProviderId| providers.get(id).is_some_and(|it| it.enabled);
    session.provider.as_ref().is_none_or(enabled) && snapshot.view(session.user).is_some()
}

fn caller_of(user: UserId, door: Door) -> Caller {
    Caller { user: Some(user), door, key: None, tenant: None }
}

/// What the `Authorization` header holds; none if it is not there.
fn shown_proof(headers: &HeaderMap) -> Result<Option<&str>, Rejection> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejection::Repeated("Authorization"));
    }
    let text = value.to_str().map_err(|_| Rejection::UnknownKind)?;
    bearer_of(text).ok_or(Rejection::UnknownKind).map(Some)
}

/// The token behind `Bearer`, in any case (RFC 9110, section 11.1).
fn bearer_of(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests;
