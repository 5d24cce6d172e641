//! The migration aid: a proxy that signs users in by itself, and writes their address into a header.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use gatehall_domain::{EmailAddress, Snapshot, Timestamp, UserId};
use http::{HeaderMap, request::Parts};
use secrecy::ExposeSecret;

use crate::{
    Newcomers, Rejection,
    doors::Doors,
    provider::Source,
    rejection::PersonFault,
    token::{Expected, check_id_token},
    visit::Visit,
};

/// The address of the user.
const USER: &str = "x-forwarded-user";
/// The secret that proves that the proxy wrote it.
const SECRET: &str = "x-gatehall-proxy-secret";
/// Or the ID token that the proxy got for the user.
const TOKEN: &str = "x-auth-request-token";

impl Doors {
    /// The user whom the proxy names, if it proves that it does.
    pub(super) async fn forwarded_user(
        &self,
        head: &Parts,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<UserId, Rejection> {
        let settings = self.settings.forwarded_user.as_ref().ok_or(Rejection::NoProof)?;
        let email = one(&head.headers, USER, "X-Forwarded-User")?.ok_or(Rejection::NoProof)?;
        let bad = Rejection::BadForwardedUser;
        let email: EmailAddress =
            email.parse().map_err(|_| bad("X-Forwarded-User is no address"))?;
        let mut proven = false;
        if let Some(secret) = &settings.secret {
            let shown = one(&head.headers, SECRET, "X-Gatehall-Proxy-Secret")?;
            let shown = shown.ok_or(Rejection::NoProof)?;
            verify_slices_are_equal(shown.as_bytes(), secret.expose_secret().as_bytes())
                .map_err(|_| bad("X-Gatehall-Proxy-Secret is not the secret that is set here"))?;
            proven = true;
        }
        if let Some(provider) = &settings.provider {
            let token = one(&head.headers, TOKEN, "X-Auth-Request-Token")?;
            let token = token.ok_or(Rejection::NoProof)?;
            let provider = self.providers.get(provider).ok_or(bad("its provider is not there"))?;
            let expected = Expected::default();
            let claims = check_id_token(token, &provider, expected, now).await?;
            // The header has to name the one whom the token names, as a sign-in would find them.
            let visit = provider.visit(&claims, &[], None, Source::AccessToken).await?;
            let visit = Visit { add: Newcomers::Nobody, ..visit };
            let (user, _) = visit.settle(snapshot.company(), now)?;
            if snapshot.company().users.get(&user).is_none_or(|user| user.email != email) {
                return Err(bad("X-Auth-Request-Token is of somebody else than X-Forwarded-User"));
            }
            proven = true;
        }
        if !proven {
            return Err(Rejection::NoProof);
        }
        let user = snapshot.company().user_by_email(&email);
        let user = user.ok_or(Rejection::Person(PersonFault::Unknown))?;
        self.is_own_session(user.id, &head.headers, snapshot, now)?;
        self.enabled(user.id, snapshot)
    }
}

fn one<'h>(
    headers: &'h HeaderMap,
    name: &str,
    shown: &'static str,
) -> Result<Option<&'h str>, Rejection> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejection::Repeated(shown));
    }
    value
        .to_str()
        .map(Some)
        .map_err(|_| Rejection::BadForwardedUser("a header holds other characters than ASCII"))
}
