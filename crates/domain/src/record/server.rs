use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Refusal, ServerId, TenantId, Timestamp};

/// The description of a tool server. Tools live on its connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Chosen by the administrator; stands in URLs and tool names.
    pub id: ServerId,
    /// Name to show.
    pub name: String,
    /// What it offers; may be empty.
    pub description: String,
    /// How to reach it.
    pub transport: Transport,
    /// Who may have it without being granted a tenant.
    pub access: AccessClass,
    /// Whether it keeps state for each caller, so that callers must not share a session.
    pub stateful: bool,
    /// A label of the operator's own, for lists; may be empty.
    pub tier: String,
    /// Nobody reaches a disabled server, through any tenant.
    pub enabled: bool,
    /// When the record was made.
    pub created_at: Timestamp,
}

/// Whether a grant is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessClass {
    /// A grant is needed.
    Granted,
    /// Every enabled user has it. Such a server holds no vendor credential.
    Public,
}

impl AccessClass {
    /// As written in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Public => "public",
        }
    }
}

impl FromStr for AccessClass {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text {
            "granted" => Ok(Self::Granted),
            "public" => Ok(Self::Public),
            _ => Err(Refusal::invalid("access", format!("\"{text}\" is not granted or public"))),
        }
    }
}

/// How a server is reached. `{tenant}` in an address, an argument or a variable stands for the id
/// of the connection's tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Transport {
    /// MCP over Streamable HTTP, of either era.
    StreamableHttp {
        /// The MCP endpoint.
        url: Address,
    },
    /// MCP over HTTP with Server-Sent Events, as of 2024-11-05.
    Sse {
        /// The address of the event stream.
        url: Address,
    },
    /// An HTTP service that an OpenAPI document describes.
    #[serde(rename = "openapi")]
    OpenApi {
        /// The address of the document, or the service's root.
        url: Address,
    },
    /// A process that speaks MCP on its standard input and output.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        #[serde(default)]
        arguments: Vec<String>,
        /// Its whole environment, but for credentials.
        #[serde(default)]
        environment: BTreeMap<String, String>,
    },
}

impl Transport {
    /// The name of the transport, as written in files and on the command line.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::StreamableHttp { .. } => "streamable-http",
            Self::Sse { .. } => "sse",
            Self::OpenApi { .. } => "openapi",
            Self::Stdio { .. } => "stdio",
        }
    }

    /// The address, unless the server is a process.
    pub const fn url(&self) -> Option<&Address> {
        match self {
            Self::StreamableHttp { url } | Self::Sse { url } | Self::OpenApi { url } => Some(url),
            Self::Stdio { .. } => None,
        }
    }

    /// The transport as one tenant uses it: its own address if it has one, and `{tenant}` filled in.
    #[must_use]
    pub fn resolve(&self, tenant: Option<&TenantId>, own: Option<&Address>) -> Self {
        let fill = |text: &str| text.replace("{tenant}", tenant.map_or("", TenantId::as_str));
        let url = |url: &Address| own.unwrap_or(url).fill(tenant);
        match self {
            Self::StreamableHttp { url: u } => Self::StreamableHttp { url: url(u) },
            Self::Sse { url: u } => Self::Sse { url: url(u) },
            Self::OpenApi { url: u } => Self::OpenApi { url: url(u) },
            Self::Stdio { command, arguments, environment } => Self::Stdio {
                command: command.clone(),
                arguments: arguments.iter().map(|text| fill(text)).collect(),
                environment: environment.iter().map(|(k, v)| (k.clone(), fill(v))).collect(),
            },
        }
    }
}

/// An http or https address without user, password or fragment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(Url);

impl Address {
    /// The parsed address.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    fn fill(&self, tenant: Option<&TenantId>) -> Self {
        let name = tenant.map_or("", TenantId::as_str);
        let text = self.0.as_str().replace("%7Btenant%7D", name).replace("{tenant}", name);
        Url::parse(&text).map_or_else(|_| self.clone(), Self)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The place of the tenant's id reads as it was written.
        f.write_str(&self.0.as_str().replace("%7Btenant%7D", "{tenant}"))
    }
}

impl FromStr for Address {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refuse = |problem: &str| {
            Err(Refusal::invalid("url", format!("\"{}\" {problem}", text.escape_debug())))
        };
        let Ok(url) = Url::parse(text.trim()) else {
            return refuse("is not an address like https://tools.example.com/mcp");
        };
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return refuse("must begin with http:// or https:// and name a host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("holds a user or password: give it as a credential of the connection");
        }
        if url.fragment().is_some() {
            return refuse("has a part behind #: remove it");
        }
        Ok(Self(url))
    }
}

impl TryFrom<String> for Address {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_fills_its_place() {
        let transport =
            Transport::StreamableHttp { url: "http://files/{tenant}/mcp".parse().unwrap() };
        let google: TenantId = "google".parse().unwrap();
        let Transport::StreamableHttp { url } = transport.resolve(Some(&google), None) else {
            panic!()
        };
        assert_eq!(url.to_string(), "http://files/google/mcp");
    }

    #[test]
    fn addresses_hold_no_secret() {
        for bad in ["files:8001", "ftp://x/", "http://u:p@x/", "http://x/#a", "http://", "x"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
