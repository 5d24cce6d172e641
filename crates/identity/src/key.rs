//! API keys, of users and of services.

use std::sync::Arc;

use gatehall_domain::{Digest, Key, Snapshot, Timestamp};
use gatehall_vault::{parse_key, secret_matches};
use http::{HeaderMap, header::AUTHORIZATION};

use crate::Rejection;

/// The live key in the `Authorization` header.
pub(crate) fn live_key<'s>(
    headers: &HeaderMap,
    snapshot: &'s Snapshot,
    now: Timestamp,
) -> Result<&'s Arc<Key>, Rejection> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Rejection::NoProof)?;
    if values.next().is_some() {
        return Err(Rejection::Repeated("Authorization"));
    }
    let text = value.to_str().map_err(|_| Rejection::UnknownKind)?;
    let (id, secret) = bearer(text).and_then(parse_key).ok_or(Rejection::UnknownKind)?;
    match snapshot.company().keys.get(id) {
        Some(key) if secret_matches(secret, &key.digest) && key.is_live(now) => Ok(key),
        Some(_) => Err(Rejection::BadKey),
        None => {
            // An unknown key takes as long as a wrong one.
            secret_matches(secret, &Digest([0; 32]));
            Err(Rejection::BadKey)
        }
    }
}

/// The token behind `Bearer`, in any case (RFC 9110, section 11.1).
fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
