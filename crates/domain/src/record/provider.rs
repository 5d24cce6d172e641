use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::{
    ClaimMappingId, GroupId, ProviderId, Refusal, SecretSource, Timestamp, text::checked_text,
};

/// An OpenID provider at which users sign in, and whose tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Chosen by the administrator; stands in URLs and as the source of memberships.
    pub id: ProviderId,
    /// Name to show on the button.
    pub name: String,
    /// What kind of provider it is, which sets its defaults.
    pub profile: Profile,
    /// The issuer, byte for byte as its metadata says it.
    pub issuer: Issuer,
    /// Our id there.
    pub client_id: String,
    /// Our secret there; none for a public client.
    pub client_secret: Option<SecretSource>,
    /// What is asked of it, and what it is believed.
    pub settings: Box<ProviderSettings>,
    /// Nobody signs in through a disabled provider, and its tokens are refused.
    pub enabled: bool,
    /// When the record was made.
    pub created_at: Timestamp,
}

/// What is asked of a provider, and what it is believed. An empty list means the profile's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSettings {
    /// Scopes of a sign-in.
    pub scopes: Vec<String>,
    /// Entra ID: the directories (`tid`) whose users may come.
    pub tenant_ids: Vec<String>,
    /// Domains of e-mail addresses for which the provider is authoritative. A user of an address
    /// elsewhere is neither linked nor added.
    pub domains: Vec<String>,
    /// Whether its addresses count as verified although it does not say so.
    pub trust_email: bool,
    /// Whether users who are unknown here are added.
    pub add_users: bool,
    /// Whether people sign in with it. Without, only its access tokens are taken.
    pub sign_in: bool,
    /// Whether a claim that is missing at a sign-in is an empty list. So it always is with Entra ID.
    pub missing_is_empty: bool,
    /// The claim that holds the address.
    pub email_claim: Option<String>,
    /// Audiences of the access tokens that are taken; none means that none are taken.
    pub audiences: Vec<String>,
    /// Clients whose access tokens are taken; none means those of every client.
    pub clients: Vec<String>,
    /// Scopes, one of which an access token must have; none means that any token will do.
    pub required_scopes: Vec<String>,
    /// Entra ID: where Microsoft Graph is, in a national cloud.
    pub graph_url: Option<String>,
    /// Whether it has a redirect URI of its own, `/oauth2/callback/{id}`. At most one provider
    /// has the shared one, `/oauth2/callback`, so that no answer of one is taken for another's.
    pub own_callback: bool,
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            scopes: Vec::new(),
            tenant_ids: Vec::new(),
            domains: Vec::new(),
            trust_email: false,
            add_users: true,
            sign_in: true,
            missing_is_empty: false,
            email_claim: None,
            audiences: Vec::new(),
            clients: Vec::new(),
            required_scopes: Vec::new(),
            graph_url: None,
            own_callback: false,
        }
    }
}

/// What kind of provider it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Microsoft Entra ID, version 2 endpoints.
    Entra,
    /// Authentik.
    Authentik,
    /// Any other OpenID provider.
    Generic,
}

impl Profile {
    /// As written in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Authentik => "authentik",
            Self::Generic => "generic",
        }
    }
}

impl FromStr for Profile {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text {
            "entra" => Ok(Self::Entra),
            "authentik" => Ok(Self::Authentik),
            "generic" => Ok(Self::Generic),
            _ => Err(Refusal::invalid(
                "profile",
                format!("\"{}\" is not entra, authentik or generic", text.escape_debug()),
            )),
        }
    }
}

impl Provider {
    /// The issuer under which identities of this provider are kept. Entra ID has one for all
    /// directories, since the subject names the directory.
    pub fn identity_issuer(&self) -> &str {
        match self.profile {
            Profile::Entra => ENTRA,
            Profile::Authentik | Profile::Generic => self.issuer.as_str(),
        }
    }

    /// Entra ID: the one directory that the issuer names, if it names one.
    pub fn single_tenant_id(&self) -> Option<&str> {
        let path = self.issuer.as_str().split_once("://")?.1;
        path.split('/').skip(1).find(|part| is_guid(part))
    }

    /// Whether it has the redirect URI that only one provider can have.
    pub fn has_shared_callback(&self) -> bool {
        self.settings.sign_in && !self.settings.own_callback
    }

    /// The path of the redirect URI.
    pub fn callback_path(&self) -> String {
        match self.settings.own_callback {
            true => format!("/oauth2/callback/{}", self.id),
            false => "/oauth2/callback".to_owned(),
        }
    }

    /// Checks what can be checked of it alone.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let settings = &self.settings;
        if self.client_id.is_empty() || !visible(&self.client_id) {
            return Err(Refusal::invalid("client_id", "must be visible ASCII without blanks"));
        }
        for (field, values) in [
            ("scopes", &settings.scopes),
            ("audiences", &settings.audiences),
            ("clients", &settings.clients),
            ("required_scopes", &settings.required_scopes),
        ] {
            if let Some(bad) = values.iter().find(|value| value.is_empty() || !visible(value)) {
                return Err(Refusal::invalid(
                    field,
                    format!("\"{}\" must be visible ASCII without blanks", bad.escape_debug()),
                ));
            }
        }
        if let Some(bad) = settings.domains.iter().find(|domain| !is_domain(domain)) {
            return Err(Refusal::invalid(
                "domains",
                format!("\"{}\" is not a domain like example.com", bad.escape_debug()),
            ));
        }
        if let Some(bad) = settings.tenant_ids.iter().find(|id| !is_guid(id)) {
            return Err(Refusal::invalid(
                "tenant_ids",
                format!("\"{}\" is not the GUID of a directory", bad.escape_debug()),
            ));
        }
        if let Some(url) = &settings.graph_url
            && !Url::parse(url).is_ok_and(|url| is_safe(&url))
        {
            return Err(Refusal::invalid("graph_url", "must be an https address"));
        }
        match self.profile {
            Profile::Entra
                if self.single_tenant_id().is_none() && settings.tenant_ids.is_empty() =>
            {
                Err(Refusal::invalid(
                    "tenant_ids",
                    "this issuer speaks for every directory, so anybody at Microsoft could sign in: \
                     list the directories that may, or use the issuer of one",
                ))
            }
            Profile::Authentik | Profile::Generic if !settings.tenant_ids.is_empty() => {
                Err(Refusal::invalid("tenant_ids", "only the profile entra has directories"))
            }
            _ => Ok(()),
        }
    }
}

/// The issuer of all identities of Entra ID.
const ENTRA: &str = "https://login.microsoftonline.com";

/// Whether this is the GUID of a directory, a user or a group, in lower case.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn visible(text: &str) -> bool {
    text.len() <= 512 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// The address that names an OpenID provider: https, or http on this machine. It is compared byte
/// for byte, so it is kept as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(Arc<str>);
checked_text!(Issuer);

impl FromStr for Issuer {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refuse = |problem: &str| {
            Err(Refusal::invalid("issuer", format!("\"{}\" {problem}", text.escape_debug())))
        };
        let Ok(url) = Url::parse(text) else {
            return refuse("is not an address like https://login.example.com");
        };
        if !is_safe(&url) {
            return refuse("must begin with https:// (http:// is for this machine alone)");
        }
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !plain || url.password().is_some() || !visible(text) {
            return refuse("must have no user, no ? and no #");
        }
        Ok(Self(text.into()))
    }
}

/// Whether nobody between can read or change what is sent to an address.
pub fn is_safe(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || url.scheme() == "http" && local
}

/// A value of a provider's claim that puts users in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimMapping {
    /// Own id.
    pub id: ClaimMappingId,
    /// The provider that says it.
    pub provider: ProviderId,
    /// Entra ID: the only directory (`tid`) for whose users it counts, if set.
    pub tenant_id: Option<String>,
    /// The claim, such as `groups` or `roles`.
    pub claim: String,
    /// The exact value. Groups of Entra ID are GUIDs.
    pub value: String,
    /// The group here.
    pub group: GroupId,
    /// When the record was made.
    pub created_at: Timestamp,
}

impl ClaimMapping {
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.claim.is_empty() || !visible(&self.claim) {
            return Err(Refusal::invalid("claim", "must be a claim's name, such as groups"));
        }
        if self.value.is_empty() || self.value.len() > 512 || self.value.contains('*') {
            return Err(Refusal::invalid(
                "value",
                "must be one exact value of the claim, of 1 to 512 bytes and without *",
            ));
        }
        match &self.tenant_id {
            Some(id) if !is_guid(id) => {
                Err(Refusal::invalid("tenant_id", "must be the GUID of a directory"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_safe_and_kept_as_written() {
        for good in [
            "https://login.microsoftonline.com/common/v2.0",
            "https://id.example.com/application/o/gatehall/",
            "http://127.0.0.1:9000",
            "http://id.localhost:9000/",
        ] {
            assert_eq!(good.parse::<Issuer>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "id.example.com",
            "http://id.example.com",
            "https://id.example.com?a",
            "https://u:p@id.example.com",
            "https://id.example.com/#x",
            "ftp://id",
            " https://id",
        ] {
            assert!(bad.parse::<Issuer>().is_err(), "{bad:?}");
        }
    }
}
