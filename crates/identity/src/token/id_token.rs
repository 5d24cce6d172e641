//! ID tokens (OpenID Connect Core 1.0, section 3.1.3.7).

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gatehall_domain::Timestamp;
use jsonwebtoken::Algorithm;

use super::{Claims, SKEW, TokenFault, verify};
use crate::provider::Running;

/// A sign-in is finished with a token that is not older, in seconds.
const OLDEST: i64 = 600;

/// What an ID token has to fit.
#[derive(Default)]
pub(crate) struct Expected {
    /// The nonce of this sign-in. None where the token does not end one.
    pub(crate) nonce: Option<String>,
    /// The access token that came with it.
    pub(crate) access_token: Option<String>,
}

/// Checks an ID token that a provider issued to us.
pub(crate) async fn check_id_token(
    token: &str,
    provider: &Running,
    expected: Expected,
    now: Timestamp,
) -> Result<Claims, TokenFault> {
    let verified = verify(token, provider, now).await?;
    let claims = verified.claims;
    if !matches!(verified.header.typ.as_deref(), None | Some("JWT" | "jwt")) {
        return Err(TokenFault::Type);
    }
    // A logout token is signed by the same keys, for the same client.
    if claims.has("events") {
        return Err(TokenFault::Type);
    }
    check_audience(&claims, &provider.record.client_id)?;
    claims.subject()?;
    let (Some(_), Some(issued)) = (claims.seconds("exp")?, claims.seconds("iat")?) else {
        return Err(TokenFault::Claims);
    };
    if let Some(nonce) = expected.nonce {
        if claims.text("nonce")? != Some(nonce.as_str()) {
            return Err(TokenFault::Nonce);
        }
        if issued < now.seconds() - OLDEST - SKEW {
            return Err(TokenFault::Old);
        }
    }
    if let (Some(said), Some(token)) = (claims.text("at_hash")?, expected.access_token)
        && said != half_hash(&token, verified.header.alg)
    {
        return Err(TokenFault::AccessTokenHash);
    }
    Ok(claims)
}

/// It must be meant for us alone, and issued to us.
pub(super) fn check_audience(claims: &Claims, client_id: &str) -> Result<(), TokenFault> {
    let audiences = claims.texts("aud")?;
    if !audiences.contains(&client_id) {
        return Err(TokenFault::Audience);
    }
    if audiences.iter().any(|other| *other != client_id) {
        return Err(TokenFault::FurtherAudience);
    }
    match claims.text("azp")? {
        Some(party) if party != client_id => Err(TokenFault::AuthorizedParty),
        _ => Ok(()),
    }
}

/// The left half of the hash that belongs to the algorithm (OpenID Connect Core 1.0, section
/// 3.1.3.6). For Ed25519 that is SHA-512.
fn half_hash(token: &str, algorithm: Algorithm) -> String {
    let hash = match algorithm {
        Algorithm::EdDSA => digest(&SHA512, token.as_bytes()),
        _ => digest(&SHA256, token.as_bytes()),
    };
    BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}
