use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Refusal, TenantId, Timestamp, UserId, text::checked_text};

/// An API key. Its secret was shown once; the store has only a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The public half of the key.
    pub id: KeyId,
    /// What it is for.
    pub name: String,
    /// The user it speaks for. A key of nobody is a service key: it belongs to a client such as
    /// Open WebUI, which names the user in a signed header.
    pub user: Option<UserId>,
    /// The only tenant it may be used for, if set.
    pub tenant: Option<TenantId>,
    /// Whether it opens the management API, as far as its user may. Other keys are for tools alone.
    #[serde(default)]
    pub manage: bool,
    /// SHA-256 of the secret half.
    pub digest: Digest,
    /// When the key was made.
    pub created_at: Timestamp,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl Key {
    /// Whether the key may still be used.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// The public half of an API key, which names its record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(Arc<str>);
checked_text!(KeyId);

impl FromStr for KeyId {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if !(8..=32).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Refusal::invalid(
                "key",
                format!("\"{}\" is not a key's id", text.escape_debug()),
            ));
        }
        Ok(Self(text.into()))
    }
}

/// SHA-256 of a secret. Neither shown nor serialised.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("digest")
    }
}

/// Reads the place of a digest that was not written; whoever needs it puts it there.
impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self([0; 32]))
    }
}
