//! API keys, of users and of services.

use std::sync::Arc;

use gatehall_domain::{Digest, Key, Snapshot, Timestamp};
use gatehall_vault::{parse_key, secret_matches};

use crate::Rejection;

/// The live key of this text. A flood of wrong ones costs a hash each.
pub(crate) fn live_key<'s>(
    text: &str,
    snapshot: &'s Snapshot,
    now: Timestamp,
) -> Result<&'s Arc<Key>, Rejection> {
    let (id, secret) = parse_key(text).ok_or(Rejection::UnknownKind)?;
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
