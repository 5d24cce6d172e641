use std::{collections::HashMap, sync::Arc};

use gatehall_domain::Timestamp;
use quick_cache::sync::Cache;
use secrecy::SecretString;
use tokio::sync::Mutex;

/// What was asked for counts so long, in seconds.
pub(super) const FRESH: i64 = 300;

/// A failure is not asked for again so long, in seconds.
pub(crate) const AGAIN: i64 = 60;

/// The groups of so many people are remembered.
const REMEMBERED: usize = 20_000;

/// What was answered, or why nothing was, and until when that counts.
#[derive(Clone)]
pub(super) struct Answer<T> {
    pub(super) said: Result<T, String>,
    pub(super) until: Timestamp,
}

/// What was asked for of late. Whoever comes while a question is under way waits for its answer.
pub(super) struct Members {
    pub(super) groups: Cache<String, Answer<Arc<[String]>>>,
    /// The gate's own tokens, by directory.
    pub(super) tokens: Mutex<HashMap<String, Answer<SecretString>>>,
}

impl Members {
    pub(super) fn new() -> Self {
        Self { groups: Cache::new(REMEMBERED), tokens: Mutex::default() }
    }
}
