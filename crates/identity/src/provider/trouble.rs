//! Why people cannot sign in with a provider, in words for an administrator.

use super::MetadataError;
use crate::fetch::FetchError;

/// Why people cannot sign in with a provider, as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderTrouble {
    /// What is the matter; a sentence without a full stop.
    pub found: String,
    /// What mends it; likewise.
    pub remedy: &'static str,
    /// Whether nobody at all can sign in, and not only somebody could not.
    pub(crate) lasts: bool,
}

impl From<&MetadataError> for ProviderTrouble {
    fn from(error: &MetadataError) -> Self {
        Self { found: error.to_string(), remedy: error.remedy(), lasts: true }
    }
}

impl MetadataError {
    /// What mends it, where the error does not say so itself.
    pub(crate) const fn remedy(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.remedy(),
            Self::Unsaid(_) => "fix its metadata at the provider, or correct the issuer",
            Self::Odd(..) => "fix its metadata at the provider",
            Self::OtherIssuer { .. } => "correct the issuer",
            Self::Unsafe(_) => "have the provider publish https addresses",
            Self::NoSigningKey(_) | Self::NoKeys => "choose a signing key at the provider",
        }
    }
}

impl FetchError {
    const fn remedy(&self) -> &'static str {
        match self {
            Self::Unsafe(_) => "give the issuer as an https address",
            Self::Unreachable(..) | Self::Slow(_) => {
                "see whether the provider runs, and whether the machine of the gate reaches it: its \
                 name, a firewall, a proxy, the certificate"
            }
            Self::Answered(..) => {
                "correct the issuer: it is the address before /.well-known/openid-configuration"
            }
        }
    }
}
