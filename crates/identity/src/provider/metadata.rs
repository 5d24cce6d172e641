//! What a provider says of itself (OpenID Connect Discovery 1.0, section 3).

use gatehall_domain::{Profile, Provider, is_safe};
use serde::Deserialize;
use url::Url;

use crate::fetch::{Fetch, FetchError};

/// The parts of the metadata that matter here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) jwks_uri: Url,
    #[serde(default)]
    pub(crate) end_session_endpoint: Option<Url>,
    /// Whether answers name the issuer (RFC 9207).
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    pub(crate) names_issuer: bool,
    #[serde(default, rename = "id_token_signing_alg_values_supported")]
    pub(crate) algorithms: Vec<String>,
    #[serde(default, rename = "claims_supported")]
    pub(crate) claims: Vec<String>,
    #[serde(default, rename = "code_challenge_methods_supported")]
    pub(crate) challenge_methods: Vec<String>,
}

/// Why a provider cannot be used, and what would mend it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetadataError {
    /// It cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It speaks for another issuer.
    #[error(
        "its metadata says the issuer is \"{said}\", but \"{configured}\" is configured: set the issuer to exactly that text"
    )]
    OtherIssuer {
        /// What it says.
        said: String,
        /// What is configured.
        configured: String,
    },
    /// One of its addresses is not safe.
    #[error("its {0} is no https address")]
    Unsafe(&'static str),
    /// It signs with nothing that others can check.
    #[error(
        "it signs ID tokens only with {0}: choose a signing key with RS256, PS256, ES256 or EdDSA \
         (in Authentik: Provider, Signing Key)"
    )]
    NoSigningKey(String),
    /// It has no keys.
    #[error(
        "it publishes no key that can check a signature: choose a signing key there (in Authentik: \
         Provider, Signing Key)"
    )]
    NoKeys,
}

/// The algorithms that are taken. Never `none`, and never one whose key both sides hold.
pub(crate) const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

impl Metadata {
    /// Fetches and checks it.
    pub(crate) async fn fetch(provider: &Provider, fetch: &Fetch) -> Result<Self, MetadataError> {
        let issuer = provider.issuer.as_str();
        let text = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = Url::parse(&text).map_err(|_| FetchError::Unsafe(text))?;
        let metadata: Self = fetch.json(&url, None).await?;
        metadata.check(provider)?;
        Ok(metadata)
    }

    fn check(&self, provider: &Provider) -> Result<(), MetadataError> {
        let configured = provider.issuer.as_str();
        // Entra ID says a template where an address speaks for several directories.
        let several = provider.profile == Profile::Entra && provider.single_tenant_id().is_none();
        let fits = match several {
            true => self.issuer.contains("{tenantid}"),
            false => self.issuer == configured,
        };
        if !fits {
            return Err(MetadataError::OtherIssuer {
                said: self.issuer.clone(),
                configured: configured.to_owned(),
            });
        }
        for (name, url) in [
            ("authorization_endpoint", Some(&self.authorization_endpoint)),
            ("token_endpoint", Some(&self.token_endpoint)),
            ("jwks_uri", Some(&self.jwks_uri)),
            ("end_session_endpoint", self.end_session_endpoint.as_ref()),
        ] {
            if url.is_some_and(|url| !is_safe(url)) {
                return Err(MetadataError::Unsafe(name));
            }
        }
        let known = |name: &String| ALGORITHMS.contains(&name.as_str());
        if !self.algorithms.is_empty() && !self.algorithms.iter().any(known) {
            return Err(MetadataError::NoSigningKey(self.algorithms.join(", ")));
        }
        Ok(())
    }

    /// Whether it says that it takes PKCE with S256.
    pub(crate) fn takes_s256(&self) -> bool {
        self.challenge_methods.iter().any(|it| it == "S256")
    }

    /// The issuer that tokens of this directory carry.
    pub(crate) fn issuer_of(&self, tenant_id: Option<&str>) -> String {
        self.issuer.replace("{tenantid}", tenant_id.unwrap_or("{tenantid}"))
    }
}
