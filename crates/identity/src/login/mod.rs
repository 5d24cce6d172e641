//! Signing in with a provider (OpenID Connect Core 1.0, section 3.1), or with a link.

mod attempt;
mod exchange;
mod fault;
mod logout;
mod query;
mod return_to;

use std::sync::Arc;

use gatehall_domain::{
    Attempt as Tried, Company, ProviderId, ProviderLogin, Snapshot, Timestamp, UserId,
};
use http::{HeaderValue, request::Parts};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub(crate) use attempt::Attempt;
use attempt::random_text;
use exchange::Exchange;
pub use fault::SignInFault;
pub use logout::SignedOut;
pub(crate) use query::Query;
pub(crate) use return_to::{Ways, plain};

use crate::{
    Rejection,
    doors::{Doors, Entered},
    provider::{Asker, ProviderTrouble, Running, Source, wanted_claims},
    session::{NEVER, digest_of},
    token::{Claims, Expected, SKEW, TokenFault, check_id_token},
};

/// Where a browser goes next.
#[derive(Debug)]
pub struct Next {
    /// The address.
    pub location: String,
    /// `Set-Cookie` headers.
    pub cookies: Vec<HeaderValue>,
}

/// Why a sign-in failed, and what the browser has to forget.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub rejection: Rejection,
    /// `Set-Cookie` headers.
    pub cookies: Vec<HeaderValue>,
}

impl From<SignInFault> for Rejection {
    fn from(fault: SignInFault) -> Self {
        Self::SignIn(fault)
    }
}

/// A provider that somebody can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its id.
    pub id: ProviderId,
    /// Its name.
    pub name: String,
}

/// A sign-in that has come to its end.
struct Arrived {
    user: UserId,
    /// When they proved to the provider who they are.
    authenticated_at: Timestamp,
    login: ProviderLogin,
    id_token: String,
    return_to: String,
}

impl Doors {
    /// The providers with which somebody can sign in.
    pub fn choices(&self) -> Vec<Choice> {
        let choice =
            |it: Arc<Running>| Choice { id: it.record.id.clone(), name: it.record.name.clone() };
        let all = self.providers.all().into_iter();
        all.filter(|it| it.record.settings.sign_in).map(choice).collect()
    }

    /// Why people cannot sign in with a provider, as far as it was seen.
    pub fn provider_trouble(&self, id: &ProviderId) -> Option<ProviderTrouble> {
        self.providers.trouble(id)
    }

    /// The enabled providers of a company that do not work, by id, and why.
    pub fn provider_troubles(&self, company: &Company) -> Vec<(ProviderId, ProviderTrouble)> {
        let enabled = company.providers.values().filter(|it| it.enabled);
        let mut all: Vec<_> = enabled
            .filter_map(|it| Some((it.id.clone(), self.provider_trouble(&it.id)?)))
            .collect();
        all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    /// Whether somebody can sign in with some provider, as far as it was seen.
    pub fn can_sign_in(&self) -> bool {
        self.settings.public_url.is_some() && self.providers.work()
    }

    /// Where a browser may go back to, or the start page.
    pub fn return_to(&self, asked: Option<&str>, snapshot: &Snapshot) -> String {
        let checked = self.settings.public_url.as_ref().zip(asked).and_then(|(public_url, it)| {
            let domain = self.settings.cookie_domain.as_deref();
            Ways { public_url, domain, snapshot }.check(it)
        });
        checked.unwrap_or_else(|| "/".to_owned())
    }

    /// Begins a sign-in: sends the browser to the provider. With `again`, the person has to prove
    /// anew who they are, signed in there or not.
    ///
    /// # Errors
    /// If there is no such provider, or it cannot be used now.
    pub fn begin_sign_in(
        &self,
        head: &Parts,
        provider: &ProviderId,
        return_to: Option<&str>,
        again: bool,
        snapshot: &Snapshot,
    ) -> Result<Next, Rejection> {
        if let Err(rejection) = self.limits.sign_in(self.address(head)) {
            self.note_head(head, Tried::SignIn, provider.as_str(), rejection.rule());
            return Err(rejection);
        }
        let provider = self.providers.get(provider).filter(|it| it.record.settings.sign_in);
        let provider = provider.ok_or(SignInFault::NoProvider)?;
        let known = provider.known().ok_or(SignInFault::Provider)?;
        let redirect = self.redirect_url(&provider)?;
        let mut attempt = Attempt {
            provider: provider.record.id.clone(),
            state: random_text().ok_or(Rejection::NotKept)?,
            nonce: random_text().ok_or(Rejection::NotKept)?,
            verifier: String::new(),
            return_to: self.return_to(return_to, snapshot),
            again,
            began: self.clock.now().seconds(),
        };
        let exchange = Exchange::new(Arc::clone(&provider), &known, &self.providers, redirect)?;
        let location = exchange.begin(&mut attempt).into();
        let cookies = attempt.remember(&head.headers, &self.own_jar, &self.vault);
        Ok(Next { location, cookies: cookies.ok_or(Rejection::NotKept)? })
    }

    /// Ends a sign-in with the answer of the provider that came to `/oauth2/callback`, or to
    /// `/oauth2/callback/{path}`.
    ///
    /// # Errors
    /// Why nobody is signed in.
    pub async fn finish_sign_in(
        &self,
        head: &Parts,
        path: Option<&str>,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Next, Failed> {
        let now = self.clock.now();
        let mut cookies = Vec::new();
        let mut door = path.unwrap_or("provider").to_owned();
        let arrived = self.arrive(head, path, snapshot, now, &mut cookies, &mut door).await;
        let next = match arrived {
            Ok(arrived) => self.open_session(head, arrived, snapshot, now, &mut cookies).await,
            Err(rejection) => Err(rejection),
        };
        let user = next.as_ref().ok().map(|(user, _)| *user);
        let refused = next.as_ref().err().map(Rejection::rule);
        let claimed = next.as_ref().err().and_then(Rejection::claimed);
        if let Err(rejection) = &next {
            self.note_account(rejection, snapshot, now);
        }
        let (attempt, address) = (Tried::SignIn, self.address(head));
        let (door, place) = (door.as_str(), "/oauth2/callback");
        let entered = Entered { attempt, door, user, place, address, refused };
        self.note_claimed(entered, claimed, &self.snapshots.snapshot(), now);
        match next {
            Ok((_, location)) => Ok(Next { location, cookies }),
            Err(rejection) => Err(Failed { rejection, cookies }),
        }
    }

    async fn arrive(
        &self,
        head: &Parts,
        path: Option<&str>,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
        cookies: &mut Vec<HeaderValue>,
        door: &mut String,
    ) -> Result<Arrived, Rejection> {
        self.limits.sign_in(self.address(head))?;
        let query = Query::of(&head.uri);
        let state = query.one("state").map_err(|()| SignInFault::Form)?;
        let state = state.ok_or(SignInFault::Form)?;
        let (attempt, forget) =
            Attempt::recall(&state, &head.headers, &self.own_jar, &self.vault, now);
        cookies.extend(forget);
        let attempt = attempt.ok_or(SignInFault::State)?;
        // A copy of the cookie must not finish it again.
        if self.used.get(&state).is_some() {
            return Err(SignInFault::State.into());
        }
        self.used.insert(state, ());
        *door = attempt.provider.to_string();

        let provider = self.providers.get(&attempt.provider).ok_or(SignInFault::NoProvider)?;
        let known = provider.known().ok_or(SignInFault::Provider)?;
        let own = provider.record.settings.own_callback.then(|| provider.record.id.as_str());
        if path != own {
            return Err(SignInFault::OtherIssuer.into());
        }
        match query.one("iss").map_err(|()| SignInFault::Form)? {
            Some(issuer) if issuer != known.metadata.issuer => {
                return Err(SignInFault::OtherIssuer.into());
            }
            None if known.metadata.names_issuer => return Err(SignInFault::OtherIssuer.into()),
            _ => {}
        }
        if let Some(error) = query.one("error").map_err(|()| SignInFault::Form)? {
            return Err(SignInFault::Refused(plain_code(&error)).into());
        }
        let code = query.one("code").map_err(|()| SignInFault::Form)?.ok_or(SignInFault::Form)?;

        let redirect = self.redirect_url(&provider)?;
        let exchange = Exchange::new(Arc::clone(&provider), &known, &self.providers, redirect)?;
        let tokens = exchange.finish(code, &attempt).await?;
        let expected = Expected {
            nonce: Some(attempt.nonce.clone()),
            access_token: Some(tokens.access_token.clone()),
        };
        let claims = check_id_token(&tokens.id_token, &provider, expected, now).await;
        let claims = claims.inspect_err(|fault| {
            let found = format!("its ID token is not believed: {fault}");
            provider.exchange_failed(
                found,
                "run the doctor, which looks at keys and clocks",
                false,
            );
        })?;
        provider.exchange_succeeded();
        let authenticated_at = proved_at(&claims, now)?;
        // Who is asked for a proof goes through the browser, which may leave that out.
        let began = Timestamp::from_micros(0).plus_seconds(attempt.began - SKEW);
        if attempt.again && authenticated_at < began {
            return Err(SignInFault::NotProved(provider.record.name.clone()).into());
        }
        let wanted = wanted_claims(snapshot.company(), &provider.record.id);
        let asker = Some(Asker::Person(&tokens.access_token));
        let visit = provider.visit(&claims, &wanted, asker, Source::SignIn).await?;
        self.limits.account(&visit.subject)?;
        let login = ProviderLogin {
            provider: provider.record.id.clone(),
            issuer: visit.issuer.clone(),
            subject: visit.subject.clone(),
            session: claims.text("sid")?.map(str::to_owned),
            issued_at: claims.seconds("iat")?,
            id_token: None,
        };
        let (user, changes) = visit.settle(snapshot.company(), now)?;
        let user = if changes.is_empty() { user } else { self.arrivals.settle(visit).await? };
        self.enabled(user, &self.snapshots.snapshot())?;
        let (id_token, return_to) = (tokens.id_token, attempt.return_to);
        Ok(Arrived { user, authenticated_at, login, id_token, return_to })
    }

    /// A session of its own for every sign-in; the one before it in this browser ends.
    async fn open_session(
        &self,
        head: &Parts,
        arrived: Arrived,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
        cookies: &mut Vec<HeaderValue>,
    ) -> Result<(UserId, String), Rejection> {
        let Arrived { user, authenticated_at, login, id_token, return_to } = arrived;
        let login = Some((login, id_token, authenticated_at));
        cookies.push(self.sign_in(head, user, login, snapshot, now).await?);
        Ok((user, return_to))
    }

    async fn sign_in(
        &self,
        head: &Parts,
        user: UserId,
        login: Option<(ProviderLogin, String, Timestamp)>,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<HeaderValue, Rejection> {
        if let Ok(before) = self.session(&head.headers, snapshot, now) {
            self.arrivals.end_sessions(gatehall_domain::Sessions::One(before.id)).await?;
        }
        let (mut session, value) = self.sessions.open(user, now).map_err(|_| Rejection::NotKept)?;
        if let Some((mut login, token, authenticated_at)) = login {
            let owner = hex(&session.id.0);
            login.id_token = self.vault.seal(ID_TOKEN, &owner, token.as_bytes()).ok();
            session.login = Some(login);
            session.authenticated_at = authenticated_at;
        }
        self.arrivals.add_session(session).await?;
        let life = self.sessions.limits.life_seconds;
        self.jar.set(&self.sessions.name, &value, life).ok_or(Rejection::NotKept)
    }

    /// Signs in with a link that works once.
    ///
    /// # Errors
    /// If it was used, or its time is over.
    pub async fn sign_in_by_link(
        &self,
        head: &Parts,
        token: &SecretString,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Next, Rejection> {
        let now = self.clock.now();
        let address = self.address(head);
        let signed = async {
            self.limits.sign_in(address)?;
            let digest = digest_of(token.expose_secret().as_bytes());
            let user = self.arrivals.use_link(digest).await?.ok_or(SignInFault::Link)?;
            // The link may be of a user who was added a moment ago.
            let user = self.enabled(user, &self.snapshots.snapshot())?;
            let cookie = self.sign_in(head, user, None, snapshot, now).await?;
            Ok((user, Next { location: "/".into(), cookies: vec![cookie] }))
        };
        let signed: Result<(UserId, Next), Rejection> = signed.await;
        let user = signed.as_ref().ok().map(|(user, _)| *user);
        let refused = signed.as_ref().err().map(Rejection::rule);
        let attempt = Tried::SignIn;
        let entered =
            Entered { attempt, door: "link", user, place: "/sign-in/link", address, refused };
        self.note(entered, snapshot, now);
        signed.map(|(_, next)| next)
    }

    /// The address to which a provider sends browsers back.
    fn redirect_url(&self, provider: &Running) -> Result<Url, SignInFault> {
        let public_url = self.settings.public_url.as_ref().ok_or(SignInFault::NoAddress)?;
        public_url.join(&provider.record.callback_path()).map_err(|_| SignInFault::NoAddress)
    }
}

/// When somebody proved to the provider who they are, as it says (OpenID Connect Core 1.0, section
/// 2). Nothing else tells: somebody may be signed in there for days.
fn proved_at(claims: &Claims, now: Timestamp) -> Result<Timestamp, TokenFault> {
    let said = claims.seconds("auth_time")?;
    let at = said.map(|seconds| Timestamp::from_micros(0).plus_seconds(seconds));
    let believed = at.filter(|at| *at <= now.plus_seconds(SKEW));
    Ok(believed.map_or(NEVER, |at| at.clamp(NEVER, now)))
}

/// What sealed ID tokens are for.
const ID_TOKEN: &str = "id-token";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An error code as RFC 6749 has them, in section 4.1.2.1; anything else is not repeated.
fn plain_code(code: &str) -> String {
    let known = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if known { code.to_owned() } else { "it gave no readable reason".to_owned() }
}
