//! Logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.6).

use gatehall_domain::Timestamp;
use serde_json::Value;

use super::{SKEW, TokenFault, id_token::check_audience, verify};
use crate::provider::{Running, subject};

/// A logout token is not taken later, in seconds.
const OLDEST: i64 = 300;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Whose sessions end.
pub(crate) struct LogoutToken {
    /// Its own id, by which a second use is seen.
    pub(crate) id: String,
    /// When the provider issued it, in seconds since 1970.
    pub(crate) issued: i64,
    /// The account, as in an identity.
    pub(crate) subject: Option<String>,
    /// The provider's session.
    pub(crate) session: Option<String>,
}

/// Checks a logout token that a provider sent us.
pub(crate) async fn check_logout_token(
    token: &str,
    provider: &Running,
    now: Timestamp,
) -> Result<LogoutToken, TokenFault> {
    let verified = verify(token, provider, now).await?;
    let claims = verified.claims;
    if !matches!(verified.header.typ.as_deref(), None | Some("JWT" | "jwt" | "logout+jwt")) {
        return Err(TokenFault::Type);
    }
    check_audience(&claims, &provider.record.client_id)?;
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    // With a nonce it would be an ID token that somebody passes off as this.
    if !matches!(event, Some(Value::Object(_))) || claims.has("nonce") {
        return Err(TokenFault::NotALogout);
    }
    let issued = claims.seconds("iat")?.ok_or(TokenFault::Claims)?;
    if issued < now.seconds() - OLDEST - SKEW {
        return Err(TokenFault::Old);
    }
    let id = claims.text("jti")?.filter(|id| !id.is_empty()).ok_or(TokenFault::Claims)?.to_owned();
    let session = claims.text("sid")?.map(str::to_owned);
    let subject = match claims.has("sub") {
        true => Some(subject(&provider.record, &claims)?),
        false => None,
    };
    if subject.is_none() && session.is_none() {
        return Err(TokenFault::Subject);
    }
    Ok(LogoutToken { id, issued, subject, session })
}
