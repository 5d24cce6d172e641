//! One provider as it runs.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use gatehall_domain::{Provider, Timestamp};
use jsonwebtoken::Algorithm;

use super::{
    keys::{Found, Keys},
    members::Members,
    metadata::{Metadata, MetadataError},
    trouble::ProviderTrouble,
};
use crate::fetch::Fetch;

/// One provider as it runs.
pub(crate) struct Running {
    pub(crate) record: Arc<Provider>,
    known: ArcSwapOption<Known>,
    keys: Keys,
    pub(super) members: Members,
    /// Why nothing is known of it, or no more of late.
    trouble: ArcSwapOption<ProviderTrouble>,
    /// Why a code was not changed for tokens the last time.
    exchange: ArcSwapOption<ProviderTrouble>,
    pub(super) fetch: Fetch,
}

/// What is known of a provider.
pub(crate) struct Known {
    pub(crate) metadata: Metadata,
}

impl Running {
    pub(crate) fn new(record: Arc<Provider>, fetch: Fetch) -> Self {
        Self {
            record,
            known: ArcSwapOption::empty(),
            keys: Keys::new(),
            members: Members::new(),
            trouble: ArcSwapOption::empty(),
            exchange: ArcSwapOption::empty(),
            fetch,
        }
    }

    /// What is known; none until it has answered once.
    pub(crate) fn known(&self) -> Option<Arc<Known>> {
        self.known.load_full()
    }

    /// Reads its metadata and keys. What was known stays if that fails.
    pub(crate) async fn refresh(&self) {
        match self.read().await {
            Ok(metadata) => {
                if self.trouble.swap(None).is_some() {
                    tracing::info!(provider.id = %self.record.id, "the provider is back");
                }
                self.known.store(Some(Arc::new(Known { metadata })));
            }
            Err(error) => {
                let trouble = ProviderTrouble::from(&error);
                if self.trouble.load().as_deref() != Some(&trouble) {
                    tracing::warn!(provider.id = %self.record.id, %error, "nobody can sign in there for now");
                }
                self.trouble.store(Some(Arc::new(trouble)));
            }
        }
    }

    /// Why people cannot sign in with it, as far as it was seen.
    pub(super) fn trouble(&self) -> Option<ProviderTrouble> {
        let trouble = self.trouble.load_full().or_else(|| self.exchange.load_full());
        trouble.map(Arc::unwrap_or_clone)
    }

    /// A code could not be changed for tokens.
    pub(crate) fn exchange_failed(&self, found: String, remedy: &'static str, lasts: bool) {
        self.exchange.store(Some(Arc::new(ProviderTrouble { found, remedy, lasts })));
    }

    /// A code was changed for tokens that are believed.
    pub(crate) fn exchange_succeeded(&self) {
        self.exchange.store(None);
    }

    /// How many keys it signs with.
    pub(crate) fn key_count(&self) -> usize {
        self.keys.count()
    }

    pub(crate) async fn read(&self) -> Result<Metadata, MetadataError> {
        let metadata = Metadata::fetch(&self.record, &self.fetch).await?;
        self.keys.refresh(&metadata.jwks_uri, &self.fetch).await?;
        if self.keys.count() == 0 {
            return Err(MetadataError::NoKeys);
        }
        Ok(metadata)
    }

    pub(crate) async fn find_key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Option<Found> {
        let known = self.known()?;
        self.keys.find(id, algorithm, &known.metadata.jwks_uri, &self.fetch, now).await
    }

    /// Whether tokens of this issuer may be its own. The token decides later.
    pub(crate) fn may_issue(&self, issuer: &str) -> bool {
        let Some(known) = self.known() else { return self.record.issuer.as_str() == issuer };
        match known.metadata.issuer.split_once("{tenantid}") {
            Some((head, tail)) => issuer.starts_with(head) && issuer.ends_with(tail),
            None => known.metadata.issuer == issuer,
        }
    }
}
