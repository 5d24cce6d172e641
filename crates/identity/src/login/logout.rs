//! Signing out: by the user (OpenID Connect RP-Initiated Logout 1.0), or by the provider
//! (Back-Channel and Front-Channel Logout 1.0).

use std::sync::Arc;

use gatehall_domain::{Attempt as Tried, ProviderId, Session, Sessions, Snapshot};
use http::{HeaderValue, request::Parts};
use secrecy::ExposeSecret;
use url::Url;

use super::{ID_TOKEN, Next, SignInFault, hex, query::Query};
use crate::{
    Rejection,
    doors::{Doors, Entered},
    token::{TokenFault, check_logout_token},
};

/// How far a sign-out went.
#[derive(Debug)]
pub enum SignedOut {
    /// The session is over; what is left to do is at the provider.
    Everywhere(Next),
    /// The session is over at this gate, which tells the others as soon as the database can be
    /// written. Until then they know nothing of it, and neither does the provider.
    Here {
        /// `Set-Cookie` headers.
        cookies: Vec<HeaderValue>,
    },
}

impl Doors {
    /// Ends sessions as an administrator says.
    ///
    /// # Errors
    /// If it cannot be kept.
    pub async fn end_sessions(&self, which: gatehall_domain::Sessions) -> Result<u64, Rejection> {
        self.arrivals.end_sessions(which).await
    }

    /// Ends the session of this browser, and goes to the provider to end the one there.
    /// `return_to` is where the browser goes when nobody has to be asked.
    pub async fn sign_out(
        &self,
        head: &Parts,
        return_to: &str,
        snapshot: &Arc<Snapshot>,
    ) -> SignedOut {
        let now = self.clock.now();
        let cookies: Vec<_> = self.jar.clear(&self.sessions.name).into_iter().collect();
        let Ok(live) = self.session(&head.headers, snapshot, now) else {
            return SignedOut::Everywhere(Next { location: return_to.to_owned(), cookies });
        };
        let ended = self.arrivals.end_sessions(Sessions::One(live.id)).await;
        let session = match ended {
            Ok(_) => self.arrivals.session(live.id).await.ok().flatten(),
            Err(_) => None,
        };
        let login = session.as_ref().and_then(|it| it.login.as_ref());
        let door = login.map_or("link", |login| login.provider.as_str());
        let (user, address) = (Some(live.user), self.address(head));
        let (attempt, place) = (Tried::SignOut, "/oauth2/sign_out");
        self.note(Entered { attempt, door, user, place, address, refused: None }, snapshot, now);
        if ended.is_err() {
            return SignedOut::Here { cookies };
        }
        let there = session.as_ref().and_then(|session| self.end_session_url(session));
        let location = there.map_or_else(|| return_to.to_owned(), Into::into);
        SignedOut::Everywhere(Next { location, cookies })
    }

    /// The origins to which signing out may lead, for the policy of the page that has the button.
    pub fn sign_out_origins(&self) -> Vec<String> {
        let all = self.providers.all().into_iter().filter_map(|it| it.known());
        let ends = all.filter_map(|it| it.metadata.end_session_endpoint.clone());
        ends.map(|url| url.origin().ascii_serialization()).collect()
    }

    /// Where the provider ends its own session.
    fn end_session_url(&self, session: &Session) -> Option<Url> {
        let login = session.login.as_ref()?;
        let provider = self.providers.get(&login.provider)?;
        let mut url = provider.known()?.metadata.end_session_endpoint.clone()?;
        let back = self.settings.public_url.as_ref()?.join("/oauth2/signed_out").ok()?;
        let mut query = url.query_pairs_mut();
        query.append_pair("client_id", &provider.record.client_id);
        query.append_pair("post_logout_redirect_uri", back.as_str());
        let token = login.id_token.as_ref();
        let opened = token.and_then(|it| self.vault.open(ID_TOKEN, &hex(&session.id.0), it).ok());
        if let Some(token) = opened {
            query.append_pair("id_token_hint", token.expose_secret());
        }
        drop(query);
        Some(url)
    }

    /// A provider says that somebody has signed out there. The body is its form.
    ///
    /// # Errors
    /// Why it is not believed.
    pub async fn back_channel_logout(
        &self,
        head: &Parts,
        provider: &ProviderId,
        body: &[u8],
        snapshot: &Arc<Snapshot>,
    ) -> Result<u64, Rejection> {
        let now = self.clock.now();
        let ended = self.logged_out(head, provider, body).await;
        let (door, place) = (provider.as_str(), "/oauth2/backchannel-logout");
        let refused = ended.as_ref().err().map(Rejection::rule);
        let (attempt, address) = (Tried::SignOut, self.address(head));
        self.note(Entered { attempt, door, user: None, place, address, refused }, snapshot, now);
        ended
    }

    async fn logged_out(
        &self,
        head: &Parts,
        provider: &ProviderId,
        body: &[u8],
    ) -> Result<u64, Rejection> {
        // Providers come with one address for everybody, so that only bad ones are counted.
        let address = self.address(head);
        let checked = async {
            let provider = self.providers.get(provider).ok_or(SignInFault::NoProvider)?;
            let form = Query::parse(body);
            let token = form.one("logout_token").map_err(|()| SignInFault::Form)?;
            let token = token.ok_or(SignInFault::Form)?;
            let checked = check_logout_token(&token, &provider, self.clock.now()).await?;
            let once = format!("{} {}", provider.record.id, checked.id);
            if self.used.get(&once).is_some() {
                return Err(TokenFault::Replayed.into());
            }
            self.used.insert(once.clone(), ());
            Ok((provider.record.identity_issuer().to_owned(), checked, once))
        };
        let (issuer, token, once) = match checked.await {
            Ok(checked) => checked,
            Err(rejection) => {
                self.limits.unproven(address)?;
                return Err(rejection);
            }
        };
        // What began after it was issued is not meant, so that it does no harm to hear it twice.
        let which = Sessions::Account {
            issuer,
            subject: token.subject,
            session: token.session,
            until: Some(token.issued),
        };
        let ended = self.arrivals.end_sessions(which).await;
        if ended.is_err() {
            // The provider may try again.
            self.used.remove(&once);
        }
        ended
    }

    /// A provider shows a page of ours, in a frame, to say that its session has ended. Answers the
    /// origin that may show it.
    ///
    /// # Errors
    /// If it does not name its session, or speaks for another issuer.
    pub async fn front_channel_logout(
        &self,
        head: &Parts,
        provider: &ProviderId,
    ) -> Result<String, Rejection> {
        let ended = self.logged_out_in_frame(head, provider).await;
        if let Err(rejection) = &ended {
            self.note_head(head, Tried::SignOut, provider.as_str(), rejection.rule());
        }
        ended
    }

    async fn logged_out_in_frame(
        &self,
        head: &Parts,
        provider: &ProviderId,
    ) -> Result<String, Rejection> {
        self.limits.sign_in(self.address(head))?;
        let provider = self.providers.get(provider).ok_or(SignInFault::NoProvider)?;
        let known = provider.known().ok_or(SignInFault::Provider)?;
        let query = Query::of(&head.uri);
        let one = |name: &str| query.one(name).ok().flatten().filter(|it| !it.is_empty());
        let (Some(issuer), Some(session)) = (one("iss"), one("sid")) else {
            return Err(SignInFault::Form.into());
        };
        if !provider.may_issue(&issuer) {
            return Err(SignInFault::OtherIssuer.into());
        }
        let issuer = provider.record.identity_issuer().to_owned();
        let which =
            Sessions::Account { issuer, subject: None, session: Some(session), until: None };
        // Anybody can make a browser ask for this.
        self.arrivals.end_claimed_sessions(which).await?;
        Ok(known.metadata.authorization_endpoint.origin().ascii_serialization())
    }
}
