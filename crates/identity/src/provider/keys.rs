//! The keys with which a provider signs.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use gatehall_domain::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    fetch::{Fetch, FetchError},
    said::said,
};

/// However many unknown keys are named, the provider is asked for them at most this often, in
/// seconds.
const PAUSE: i64 = 60;

/// No set of keys is larger.
const MOST: usize = 64;

/// The keys that a provider published when it was last asked.
#[derive(Debug)]
pub(crate) struct Keys {
    known: ArcSwap<Vec<Key>>,
    /// When somebody last asked because of an unknown key.
    asked: Mutex<Option<Timestamp>>,
    /// Held while asking, so that many who wait ask once.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithms: &'static [Algorithm],
    /// Entra ID: the only issuer whose tokens it signs.
    issuer: Option<String>,
    key: Arc<DecodingKey>,
}

/// A key that fits a token's header.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) key: Arc<DecodingKey>,
    pub(crate) issuer: Option<String>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            known: ArcSwap::default(),
            asked: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.known.load().len()
    }

    /// Asks the provider. What was known stays if it does not answer, or has none.
    pub(crate) async fn refresh(&self, url: &Url, fetch: &Fetch) -> Result<(), FetchError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Option<Vec<Value>>,
        }
        let set: Set = fetch.json(url, None).await?;
        let keys: Vec<Key> = set.keys.iter().flatten().take(MOST).filter_map(usable).collect();
        if !keys.is_empty() {
            self.known.store(Arc::new(keys));
        }
        Ok(())
    }

    /// The key of this name. If it is unknown the provider is asked, but not often.
    pub(crate) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        url: &Url,
        fetch: &Fetch,
        now: Timestamp,
    ) -> Option<Found> {
        if let Some(found) = self.known(id, algorithm) {
            return Some(found);
        }
        let _turn = self.turn.lock().await;
        // Whoever had the turn before may have found it.
        if let Some(found) = self.known(id, algorithm) {
            return Some(found);
        }
        if !self.may_ask(now) {
            return None;
        }
        if let Err(error) = self.refresh(url, fetch).await {
            tracing::warn!(%error, "the provider's keys cannot be read: keeping those known");
        }
        self.known(id, algorithm)
    }

    fn known(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Found> {
        let keys = self.known.load();
        let mut fit = keys.iter().filter(|key| {
            key.algorithms.contains(&algorithm) && id.is_none_or(|id| key.id.as_deref() == Some(id))
        });
        let first = fit.next()?;
        // Without a name, only the one key that fits can be meant.
        if id.is_none() && fit.next().is_some() {
            return None;
        }
        Some(Found { key: Arc::clone(&first.key), issuer: first.issuer.clone() })
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let may = asked.is_none_or(|at| now >= at.plus_seconds(PAUSE));
        if may {
            *asked = Some(now);
        }
        may
    }
}

/// A published key as it can be used here; none for those of other kinds.
fn usable(value: &Value) -> Option<Key> {
    let members = value.as_object()?.clone();
    let jwk: Jwk = serde_json::from_value(Value::Object(said(members))).ok()?;
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let of_kind: &'static [Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(it) if it.curve == EllipticCurve::P256 => {
            &[Algorithm::ES256]
        }
        AlgorithmParameters::OctetKeyPair(it) if it.curve == EllipticCurve::Ed25519 => {
            &[Algorithm::EdDSA]
        }
        _ => return None,
    };
    // A key that names its algorithm is good for that one alone.
    let algorithms = match jwk.common.key_algorithm {
        None => of_kind,
        Some(own) => {
            let own = Algorithm::try_from(own).ok()?;
            let at = of_kind.iter().position(|it| *it == own)?;
            &of_kind[at..=at]
        }
    };
    Some(Key {
        id: jwk.common.key_id.clone(),
        algorithms,
        issuer: value.get("issuer").and_then(Value::as_str).map(str::to_owned),
        key: Arc::new(DecodingKey::from_jwk(&jwk).ok()?),
    })
}
