//! Access tokens for this gate (RFC 9068, and what Entra ID issues instead).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gatehall_domain::{Profile, Timestamp};
use serde::Deserialize;

use super::{Claims, LONGEST, TokenFault, verify};
use crate::provider::Running;

/// What an access token proves.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub(crate) claims: Claims,
    /// Until when it counts.
    pub(crate) expires_at: Timestamp,
}

impl AccessToken {
    /// Checks an access token that a provider issued for us.
    pub(crate) async fn check(
        token: &str,
        provider: &Running,
        now: Timestamp,
    ) -> Result<Self, TokenFault> {
        let verified = verify(token, provider, now).await?;
        let claims = verified.claims;
        let settings = &provider.record.settings;
        let typ = verified.header.typ.as_deref().map(str::to_ascii_lowercase);
        let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
        if !matches!(typ, None | Some("jwt" | "at+jwt")) {
            return Err(TokenFault::Type);
        }
        let audiences = claims.texts("aud")?;
        if !audiences.iter().any(|it| settings.audiences.iter().any(|own| own == it)) {
            return Err(TokenFault::Audience);
        }
        let scopes = scopes(&claims)?;
        // An ID token is for the client that asked; where client and resource are one, only its
        // type or its scopes tell an access token.
        let authentik = provider.record.profile == Profile::Authentik;
        let marked = typ == Some("at+jwt") || scopes.is_some() || authentik && claims.has("uid");
        // Access tokens of Authentik keep the nonce, and have a uid instead of scopes.
        let of_sign_in = claims.has("nonce") && !authentik;
        if of_sign_in || claims.has("at_hash") || claims.has("events") {
            return Err(TokenFault::IdToken);
        }
        if is_app(&claims, provider.record.profile, scopes.is_some()) {
            return Err(TokenFault::App);
        }
        if !marked {
            return Err(TokenFault::IdToken);
        }
        let client = client(&claims)?;
        if !settings.clients.is_empty()
            && !client.is_some_and(|client| settings.clients.iter().any(|own| own == client))
        {
            return Err(TokenFault::Client);
        }
        let expires_at = claims.seconds("exp")?.ok_or(TokenFault::Claims)?;
        claims.subject()?;
        Ok(Self { claims, expires_at: Timestamp::from_micros(0).plus_seconds(expires_at) })
    }

    /// Whether it has one of the scopes, or none is needed.
    pub(crate) fn has_scope(&self, required: &[String]) -> bool {
        let scopes = scopes(&self.claims).ok().flatten().unwrap_or_default();
        required.is_empty() || required.iter().any(|it| scopes.contains(&it.as_str()))
    }
}

/// The scopes: `scope` (RFC 9068), or `scp` as Entra ID and others have it.
fn scopes(claims: &Claims) -> Result<Option<Vec<&str>>, TokenFault> {
    for name in ["scope", "scp"] {
        if claims.has(name) {
            let texts = claims.texts(name)?;
            return Ok(Some(texts.iter().flat_map(|text| text.split(' ')).collect()));
        }
    }
    Ok(None)
}

/// Whether an application speaks for itself and not for a user.
fn is_app(claims: &Claims, profile: Profile, has_scopes: bool) -> bool {
    let says = claims.get("idtyp").and_then(|it| it.as_str()) == Some("app");
    let of_entra = profile == Profile::Entra && !has_scopes;
    // RFC 9068, section 2.2: then the subject is the client.
    let subject = claims.get("sub");
    let own = subject.is_some() && subject == claims.get("client_id");
    says || of_entra || own
}

/// The client it was issued to.
fn client(claims: &Claims) -> Result<Option<&str>, TokenFault> {
    for name in ["azp", "client_id", "appid"] {
        if let Some(client) = claims.text(name)? {
            return Ok(Some(client));
        }
    }
    Ok(None)
}

/// The issuer that a token names. Nothing of it is checked yet.
pub(crate) fn issuer_of(token: &str) -> Result<String, TokenFault> {
    #[derive(Deserialize)]
    struct Payload {
        iss: String,
    }
    if token.len() > LONGEST {
        return Err(TokenFault::TooLong);
    }
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenFault::Unreadable);
    };
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenFault::Unreadable)?;
    let payload: Payload = serde_json::from_slice(&bytes).map_err(|_| TokenFault::Unreadable)?;
    Ok(payload.iss)
}
