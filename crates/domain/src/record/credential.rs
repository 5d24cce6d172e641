use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ConnectionId, Refusal, Timestamp};

/// A secret that a connection shows its server, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The connection it belongs to.
    pub connection: ConnectionId,
    /// Where the server expects it.
    pub placement: Placement,
    /// Where the secret is.
    pub secret: SecretSource,
    /// When its issuer lets it end, as far as somebody said so. It is used to its end and beyond;
    /// the overview reminds of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When the record was made.
    pub created_at: Timestamp,
}

/// Where a server expects a secret. Written `header:Authorization:Bearer`, `header:X-Api-Key`,
/// `environment:GITHUB_TOKEN`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Placement {
    /// A header of each HTTP request.
    Header {
        /// Name of the header.
        name: String,
        /// Word in front of the secret, such as `Bearer`.
        scheme: Option<String>,
    },
    /// An environment variable of a process.
    Environment {
        /// Name of the variable.
        name: String,
    },
}

impl Placement {
    /// The usual place: `Authorization: Bearer …`.
    pub fn bearer() -> Self {
        Self::Header { name: "authorization".into(), scheme: Some("Bearer".into()) }
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { name, scheme: Some(scheme) } => write!(f, "header:{name}:{scheme}"),
            Self::Header { name, scheme: None } => write!(f, "header:{name}"),
            Self::Environment { name } => write!(f, "environment:{name}"),
        }
    }
}

/// Headers that carry the protocol itself; a credential there would break or forge it.
const PROTOCOL_HEADERS: [&str; 9] = [
    "host",
    "connection",
    "content-length",
    "content-type",
    "accept",
    "transfer-encoding",
    "te",
    "upgrade",
    "last-event-id",
];

impl FromStr for Placement {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refuse = || {
            Refusal::invalid(
                "placement",
                format!(
                    "\"{text}\" is not like header:Authorization:Bearer, header:X-Api-Key or \
                     environment:API_KEY (headers of the protocol itself cannot be used)"
                ),
            )
        };
        let token = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        let (kind, rest) = text.split_once(':').ok_or_else(refuse)?;
        match kind {
            "header" => {
                let (name, scheme) = match rest.split_once(':') {
                    Some((name, scheme)) => (name, Some(scheme.to_owned())),
                    None => (rest, None),
                };
                let name = name.to_ascii_lowercase();
                let protocol =
                    PROTOCOL_HEADERS.contains(&name.as_str()) || name.starts_with("mcp-");
                if protocol || !token(&name) || scheme.as_deref().is_some_and(|s| !token(s)) {
                    return Err(refuse());
                }
                Ok(Self::Header { name, scheme })
            }
            "environment" if token(rest) && !rest.contains(['-', '.']) => {
                Ok(Self::Environment { name: rest.to_owned() })
            }
            _ => Err(refuse()),
        }
    }
}

impl TryFrom<String> for Placement {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<Placement> for String {
    fn from(placement: Placement) -> Self {
        placement.to_string()
    }
}

/// Where the secret itself is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// In the store, sealed by the vault.
    Sealed(Ciphertext),
    /// In this environment variable of the gateway.
    Environment(String),
}

/// What the vault sealed. Neither shown nor serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext(pub Arc<[u8]>);

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ciphertext")
    }
}

impl Serialize for Ciphertext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("sealed")
    }
}

/// Reads the place of a secret that was not written; whoever needs the secret puts it there.
impl<'de> Deserialize<'de> for Ciphertext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self(Arc::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placements_read_what_they_show() {
        for text in ["header:authorization:Bearer", "header:x-api-key", "environment:API_KEY"] {
            assert_eq!(text.parse::<Placement>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "header:",
            "header:Host",
            "header:Mcp-Session-Id",
            "header:a b",
            "cookie:x",
            "environment:A-B",
        ] {
            assert!(bad.parse::<Placement>().is_err(), "{bad}");
        }
    }
}
