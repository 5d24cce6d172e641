//! What a provider says of itself (OpenID Connect Discovery 1.0, section 3).

use gatehall_domain::{Profile, Provider, is_safe};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    fetch::{Fetch, FetchError},
    said::said,
};

/// The parts of the metadata that matter here.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) jwks_uri: Url,
    pub(crate) end_session_endpoint: Option<Url>,
    /// Whether answers name the issuer (RFC 9207).
    pub(crate) names_issuer: bool,
    pub(crate) algorithms: Vec<String>,
    pub(crate) claims: Vec<String>,
    pub(crate) challenge_methods: Vec<String>,
}

/// Why a provider cannot be used, and what would mend it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetadataError {
    /// It cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It leaves something out that nobody can sign in without.
    #[error("its metadata does not say {0}")]
    Unsaid(&'static str),
    /// A member is of another kind.
    #[error("{0} in its metadata is not {1}")]
    Odd(&'static str, &'static str),
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
        let metadata = Self::read(fetch.json(&url, None).await?)?;
        metadata.check(provider)?;
        Ok(metadata)
    }

    /// Reads it. What is null or empty is not there.
    fn read(document: Map<String, Value>) -> Result<Self, MetadataError> {
        let document = Document(said(document));
        let needed = |name| document.url(name)?.ok_or(MetadataError::Unsaid(name));
        Ok(Self {
            issuer: document.text("issuer")?.ok_or(MetadataError::Unsaid("issuer"))?.to_owned(),
            authorization_endpoint: needed("authorization_endpoint")?,
            token_endpoint: needed("token_endpoint")?,
            jwks_uri: needed("jwks_uri")?,
            end_session_endpoint: document.url("end_session_endpoint")?,
            names_issuer: document.flag("authorization_response_iss_parameter_supported")?,
            algorithms: document.texts("id_token_signing_alg_values_supported")?,
            claims: document.texts("claims_supported")?,
            challenge_methods: document.texts("code_challenge_methods_supported")?,
        })
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

/// What was said, by its names.
struct Document(Map<String, Value>);

impl Document {
    fn text(&self, name: &'static str) -> Result<Option<&str>, MetadataError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(MetadataError::Odd(name, "a text")),
        }
    }

    fn url(&self, name: &'static str) -> Result<Option<Url>, MetadataError> {
        let url = self.text(name)?.map(Url::parse).transpose();
        url.map_err(|_| MetadataError::Odd(name, "a whole address"))
    }

    fn flag(&self, name: &'static str) -> Result<bool, MetadataError> {
        match self.0.get(name) {
            None => Ok(false),
            Some(Value::Bool(yes)) => Ok(*yes),
            Some(Value::String(text)) if matches!(text.as_str(), "true" | "false") => {
                Ok(text == "true")
            }
            Some(_) => Err(MetadataError::Odd(name, "true or false")),
        }
    }

    fn texts(&self, name: &'static str) -> Result<Vec<String>, MetadataError> {
        let odd = || MetadataError::Odd(name, "a list of texts");
        let items = match self.0.get(name) {
            None => return Ok(Vec::new()),
            Some(items) => items.as_array().ok_or_else(odd)?,
        };
        let said = items.iter().filter(|it| !it.is_null() && *it != "");
        said.map(|it| it.as_str().map(str::to_owned).ok_or_else(odd)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NEEDED: [&str; 4] = ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"];
    const OTHERS: [&str; 5] = [
        "end_session_endpoint",
        "authorization_response_iss_parameter_supported",
        "id_token_signing_alg_values_supported",
        "claims_supported",
        "code_challenge_methods_supported",
    ];

    fn read(name: &str, value: Value) -> Result<Metadata, String> {
        let mut document: Map<String, Value> =
            NEEDED.iter().map(|it| ((*it).to_owned(), json!("https://id.example/x"))).collect();
        document.insert("mtls_endpoint_aliases".into(), Value::Null);
        document.insert(name.to_owned(), value);
        Metadata::read(document).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_null_or_empty_is_not_there() {
        for name in OTHERS {
            for nothing in [json!(null), json!("")] {
                let metadata = read(name, nothing.clone()).unwrap();
                assert_eq!(metadata.end_session_endpoint, None, "{name}: {nothing}");
                assert!(!metadata.names_issuer && metadata.algorithms.is_empty());
            }
        }
        let listed = read("claims_supported", json!(["sub", null, ""])).unwrap();
        assert_eq!(listed.claims, ["sub"]);
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_named() {
        for name in NEEDED {
            for nothing in [json!(null), json!("")] {
                let error = read(name, nothing).unwrap_err();
                assert!(error.contains(&format!("does not say {name}")), "{error}");
            }
        }
        for name in NEEDED.into_iter().chain(OTHERS) {
            let error = read(name, json!({})).unwrap_err();
            assert!(error.contains(&format!("{name} in its metadata is not")), "{error}");
        }
        let error = read("token_endpoint", json!("/token")).unwrap_err();
        assert_eq!(error, "token_endpoint in its metadata is not a whole address");
    }
}
