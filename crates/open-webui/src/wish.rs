use gatehall_domain::TenantId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::WishedGroup;

/// What should be at Open WebUI.
#[derive(Debug)]
pub struct Wish {
    /// What is kept of it from one time to the next.
    pub terms: Terms,
    /// The key of the connections; none if a new one is to be made.
    pub key: Option<SecretString>,
    /// The groups as they are at Gatehall.
    pub groups: Vec<WishedGroup>,
    /// The tenants that have a connection of type OpenAPI, of those that are there.
    pub tenants: Vec<TenantId>,
}

/// What an administrator decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The gate, as Open WebUI reaches it.
    pub gate: Url,
    /// Who sees the connections.
    pub access: Access,
    /// The tenants that get a connection of type OpenAPI, too.
    #[serde(default)]
    pub openapi: Vec<TenantId>,
    /// Whether all of them do, those to come as well.
    #[serde(default)]
    pub every_tenant: bool,
    /// On which models the tools are switched on in new chats.
    pub models: Models,
    /// Whether these models are registered and given to everybody.
    #[serde(default)]
    pub open_models: bool,
    /// Whether the groups of Gatehall are brought over.
    pub bring_groups: bool,
}

impl Terms {
    /// What is usual: everybody sees the tools of this gate, on all models that are registered.
    pub const fn new(gate: Url) -> Self {
        Self {
            gate,
            access: Access::Everybody,
            openapi: Vec::new(),
            every_tenant: false,
            models: Models::All,
            open_models: false,
            bring_groups: true,
        }
    }
}

/// Who sees a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Every account that can be used.
    Everybody,
    /// The members of these groups, by name: of Gatehall, else of Open WebUI.
    Groups(Vec<String>),
}

/// Which models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Models {
    /// All that are there.
    All,
    /// These, by id.
    Named(Vec<String>),
}

impl Models {
    /// Whether this one is among them.
    pub(crate) fn has(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name == id),
        }
    }
}
