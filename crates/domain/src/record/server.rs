use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Placement, Refusal, ServerId, TenantId, Timestamp, variable};

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
        /// The variables that credentials may fill, and no others. Whoever may set the command
        /// says so.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        credential_variables: BTreeSet<String>,
    },
}

/// Stands for the id of the connection's tenant.
const TENANT: &str = "{tenant}";

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
        let fill = |text: &str| text.replace(TENANT, tenant.map_or("", TenantId::as_str));
        let url = |url: &Address| own.unwrap_or(url).fill(tenant);
        match self {
            Self::StreamableHttp { url: u } => Self::StreamableHttp { url: url(u) },
            Self::Sse { url: u } => Self::Sse { url: url(u) },
            Self::OpenApi { url: u } => Self::OpenApi { url: url(u) },
            Self::Stdio { command, arguments, environment, credential_variables } => Self::Stdio {
                command: command.clone(),
                arguments: arguments.iter().map(|text| fill(text)).collect(),
                environment: environment.iter().map(|(k, v)| (k.clone(), fill(v))).collect(),
                credential_variables: credential_variables.clone(),
            },
        }
    }

    /// Whether a tenant's id has a place in it. Without a tenant, `/data/{tenant}` would be the
    /// data of all of them.
    pub fn names_tenant(&self, own: Option<&Address>) -> bool {
        let names = |text: &str| text.contains(TENANT);
        match self {
            Self::StreamableHttp { url } | Self::Sse { url } | Self::OpenApi { url } => {
                names(&own.unwrap_or(url).to_string())
            }
            Self::Stdio { arguments, environment, .. } => {
                arguments.iter().chain(environment.values()).any(|text| names(text))
            }
        }
    }

    /// Takes back what was declared for credentials and may not be: once everything could be.
    pub fn forget_harmful(&mut self) {
        if let Self::Stdio { credential_variables, .. } = self {
            credential_variables.retain(|name| !variable::is_harmful(name));
        }
    }

    /// Says why a credential cannot be placed so. It is asked when a credential or a description
    /// changes, and again when a connection is opened.
    ///
    /// # Errors
    /// What is wrong, and who can change it.
    pub fn takes(&self, placement: &Placement) -> Result<(), String> {
        match (self, placement) {
            (Self::Stdio { .. }, Placement::Header { .. }) => {
                Err("the server is a process and takes environment:NAME, not a header".into())
            }
            (Self::Stdio { .. }, Placement::Environment { name }) if variable::is_harmful(name) => {
                Err(variable::harm(name))
            }
            (Self::Stdio { credential_variables, .. }, Placement::Environment { name }) => {
                if credential_variables.contains(name) {
                    return Ok(());
                }
                let declared: Vec<&str> = credential_variables.iter().map(String::as_str).collect();
                let declared =
                    if declared.is_empty() { "none".into() } else { declared.join(", ") };
                Err(format!(
                    "the server's description does not declare {name} for credentials (but \
                     {declared}): whoever may set its command adds it to credential_variables"
                ))
            }
            (_, Placement::Environment { .. }) => {
                Err("the server is reached over HTTP and takes header:NAME, not a variable".into())
            }
            (_, Placement::Header { .. }) => Ok(()),
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

    /// Administrators choose ids, and descriptions put them into arguments and variables.
    #[test]
    fn an_id_is_neither_an_option_nor_a_path() {
        for id in
            ["-c", "--help", "..", ".", "a/b", "/etc", "a b", "a=b", "$(x)", "a;b", "a\nb", ""]
        {
            assert!(id.parse::<TenantId>().is_err(), "{id:?}");
        }
        let arguments = vec!["{tenant}".to_owned(), "--root=/data/{tenant}/{tenant}".into()];
        let transport = Transport::Stdio {
            command: "/bin/{tenant}".into(),
            arguments,
            environment: BTreeMap::from([("ROOT".into(), "/data/{tenant}".into())]),
            credential_variables: BTreeSet::from(["{tenant}".to_owned()]),
        };
        assert!(transport.names_tenant(None));
        let filled = transport.resolve(Some(&"google".parse().unwrap()), None);
        let Transport::Stdio { command, arguments, environment, credential_variables } = filled
        else {
            panic!()
        };
        assert_eq!(arguments, ["google", "--root=/data/google/google"]);
        assert_eq!(environment["ROOT"], "/data/google");
        // What runs, and which variables are filled, is what was written.
        assert!(command.contains(TENANT) && credential_variables.contains(TENANT));
    }

    #[test]
    fn a_process_takes_what_is_declared() {
        let transport = Transport::Stdio {
            command: "server".into(),
            arguments: Vec::new(),
            environment: BTreeMap::from([("LEVEL".into(), "high".into())]),
            // A harmful one cannot be declared; if it is, that is of no use.
            credential_variables: ["TOKEN", "LD_PRELOAD"].map(str::to_owned).into(),
        };
        let takes = |place: &str| transport.takes(&place.parse().unwrap());
        assert_eq!(takes("environment:TOKEN"), Ok(()));
        for refused in ["token", "TOKEN2", "LEVEL", "LD_PRELOAD", "ld_preload", "PATH"] {
            assert!(takes(&format!("environment:{refused}")).is_err(), "{refused}");
        }
        assert!(takes("header:x-key").is_err());
    }

    #[test]
    fn addresses_hold_no_secret() {
        for bad in ["files:8001", "ftp://x/", "http://u:p@x/", "http://x/#a", "http://", "x"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
