//! Tokens that providers sign: ID tokens, access tokens, logout tokens. What all have in common is
//! checked here (RFC 7515, RFC 7519, RFC 8725).

mod access_token;
mod claims;
mod fault;
mod id_token;
mod logout_token;

use gatehall_domain::{Strict, Timestamp};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, errors::ErrorKind};
use serde_json::Value;

pub(crate) use access_token::{AccessToken, issuer_of};
pub(crate) use claims::Claims;
pub use fault::TokenFault;
pub(crate) use id_token::{Expected, check_id_token};
pub(crate) use logout_token::check_logout_token;

use crate::provider::{Known, Running, directory};

/// No token is longer, in bytes.
pub(crate) const LONGEST: usize = 64 << 10;

/// No claim lies deeper.
const DEEPEST: usize = 16;

/// How far the clocks of two machines may be apart, in seconds.
pub(crate) const SKEW: i64 = 60;

/// A token whose signature is right, and whose issuer, directory and time are.
pub(crate) struct Verified {
    pub(crate) header: Header,
    pub(crate) claims: Claims,
}

/// Checks what every token of a provider must be.
pub(crate) async fn verify(
    token: &str,
    provider: &Running,
    now: Timestamp,
) -> Result<Verified, TokenFault> {
    if token.len() > LONGEST {
        return Err(TokenFault::TooLong);
    }
    let header = decode_header(token).map_err(|error| match error.kind() {
        // The algorithm is an enum there; `none` and made-up ones are not in it.
        ErrorKind::Json(error) if error.to_string().contains("variant") => TokenFault::Algorithm,
        _ => TokenFault::Unreadable,
    })?;
    if !matches!(
        header.alg,
        Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 | Algorithm::EdDSA
    ) {
        return Err(TokenFault::Algorithm);
    }
    if header.crit.is_some() {
        return Err(TokenFault::Critical);
    }
    let known = provider.known().ok_or(TokenFault::UnknownKey)?;
    let key = provider.find_key(header.kid.as_deref(), header.alg, now).await;
    let key = key.ok_or(TokenFault::UnknownKey)?;

    // The library checks the signature; times and audiences are checked here, with this clock.
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = decode::<Strict>(token, &key.key, &validation);
    let Strict(value) = decoded
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenFault::Signature,
            _ => TokenFault::Unreadable,
        })?
        .claims;
    if depth(&value) > DEEPEST {
        return Err(TokenFault::Unreadable);
    }
    let Value::Object(members) = value else { return Err(TokenFault::Unreadable) };
    let claims = Claims::new(members);
    check_issuer(&claims, provider, &known, key.issuer.as_deref())?;
    check_times(&claims, now)?;
    Ok(Verified { header, claims })
}

/// The issuer must be the provider's; where it speaks for several directories, that of a directory
/// that may come.
fn check_issuer(
    claims: &Claims,
    provider: &Running,
    known: &Known,
    key_issuer: Option<&str>,
) -> Result<(), TokenFault> {
    let tenant_id = directory(&provider.record, claims)?;
    let expected = known.metadata.issuer_of(tenant_id);
    if claims.text("iss")? != Some(expected.as_str()) {
        return Err(TokenFault::Issuer);
    }
    let of_key = key_issuer.map(|it| it.replace("{tenantid}", tenant_id.unwrap_or_default()));
    if of_key.is_some_and(|of_key| of_key != expected) {
        return Err(TokenFault::Issuer);
    }
    Ok(())
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), TokenFault> {
    let now = now.seconds();
    if claims.seconds("exp")?.is_some_and(|exp| exp <= now - SKEW) {
        return Err(TokenFault::Expired);
    }
    if claims.seconds("nbf")?.is_some_and(|nbf| nbf > now + SKEW) {
        return Err(TokenFault::NotYet);
    }
    if claims.seconds("iat")?.is_some_and(|iat| iat > now + SKEW) {
        return Err(TokenFault::Future);
    }
    Ok(())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
