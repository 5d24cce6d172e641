use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{EmailAddress, ProviderId, Refusal, Timestamp, UserId, names};

/// A human. The e-mail address is an attribute and a lookup key, never the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Own id, which stays when everything else changes.
    pub id: UserId,
    /// Address by which doors and administrators find the user.
    pub email: EmailAddress,
    /// Name to show; may be empty.
    pub name: String,
    /// Whether the user reaches every enabled connection.
    pub admin: bool,
    /// A disabled user reaches nothing, and their keys are dead.
    pub enabled: bool,
    /// When the record was made.
    pub created_at: Timestamp,
}

impl User {
    /// The name to show: the user's own, else the address.
    pub fn shown(&self) -> &str {
        if self.name.is_empty() { self.email.as_str() } else { &self.name }
    }
}

/// A user as an identity provider knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The provider's own id of the user.
    pub subject: String,
    /// The user this is.
    pub user: UserId,
    /// Whether the provider could not say the user's groups the last time, so that those it said
    /// before are kept.
    pub stale: bool,
    /// The claims that a provider has said, each with when the youngest mapping was made that it was
    /// held against. Of younger mappings the user may be meant, and what is denied to the groups that
    /// these can put somebody in is denied to them.
    #[serde(default)]
    pub claims_said: BTreeMap<ClaimSaid, Timestamp>,
    /// Whether the account was bound because it has the user's address, and not by an
    /// administrator.
    #[serde(default = "by_address")]
    pub by_address: bool,
    /// When the two were linked.
    pub created_at: Timestamp,
}

/// The issuer that Open WebUI writes, and that its accounts carry where there is only one. Where
/// accounts are named by their provider it stands for one, so that no provider is called so.
pub const OPEN_WEBUI: &str = "open-webui";

/// Whether an issuer is an Open WebUI: the only one, or one of several, each of which has a name of
/// its own behind the word, such as `open-webui-sales`.
pub fn is_open_webui(issuer: &str) -> bool {
    let name = issuer.strip_prefix(OPEN_WEBUI);
    name.is_some_and(|name| name.is_empty() || name.len() > 1 && name.starts_with('-'))
}

/// The source of accounts that has this name, for people: a provider or an Open WebUI.
pub fn source_label(id: &str) -> String {
    let name = names::shown(id, 80);
    match id {
        OPEN_WEBUI => "Open WebUI".to_owned(),
        _ if is_open_webui(id) => format!("Open WebUI {name}"),
        _ => name.into_owned(),
    }
}

/// A claim of a provider, as `provider:claim`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimSaid {
    /// The provider.
    pub provider: ProviderId,
    /// The claim's name.
    pub claim: String,
}

impl fmt::Display for ClaimSaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider, self.claim)
    }
}

impl FromStr for ClaimSaid {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let (provider, claim) = text.split_once(':').ok_or_else(|| {
            let problem = format!("\"{}\" is not provider:claim", text.escape_debug());
            Refusal::invalid("claims_said", problem)
        })?;
        Ok(Self { provider: provider.parse()?, claim: claim.to_owned() })
    }
}

impl TryFrom<String> for ClaimSaid {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<ClaimSaid> for String {
    fn from(said: ClaimSaid) -> Self {
        said.to_string()
    }
}

impl Identity {
    /// Up to when mappings of a claim were held against what was said of the account.
    pub fn said_at(&self, provider: &ProviderId, claim: &str) -> Option<Timestamp> {
        let mut all = self.claims_said.iter();
        let said = all.find(|(said, _)| said.provider == *provider && said.claim == claim);
        said.map(|(_, at)| *at)
    }
}

/// Who bound an account in older events is not known.
const fn by_address() -> bool {
    true
}
