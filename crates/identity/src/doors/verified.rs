use std::sync::Arc;

use gatehall_domain::{Digest, Timestamp};
use quick_cache::sync::Cache;

use crate::provider::Running;

/// How many verified tokens are remembered.
const REMEMBERED: usize = 50_000;

/// Tokens that were verified, until they expire.
pub(super) struct VerifiedTokens {
    pub(super) accounts: Cache<Digest, Arc<Account>>,
    /// When the newest token of an account was issued, in seconds since 1970.
    pub(super) newest: Cache<(String, String), i64>,
}

/// Whom a verified token names.
pub(super) struct Account {
    pub(super) provider: Arc<Running>,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) expires_at: Timestamp,
    /// How many claims were not said of the user then.
    pub(super) unsaid: usize,
    /// When to look again, where the user's groups could not be told.
    pub(super) again_at: Option<Timestamp>,
}

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        Self { accounts: Cache::new(REMEMBERED), newest: Cache::new(REMEMBERED) }
    }
}
