use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{GroupId, GroupName, Refusal, Timestamp, UserId};

/// A named set of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Own id, which stays when the name changes.
    pub id: GroupId,
    /// Unique without regard to case.
    pub name: GroupName,
    /// What the group is for; may be empty.
    pub description: String,
    /// Members of a disabled group get nothing from its allow grants; its deny grants stay.
    pub enabled: bool,
    /// When the record was made.
    pub created_at: Timestamp,
}

/// A user is in a group, and this is who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The member.
    pub user: UserId,
    /// The group.
    pub group: GroupId,
    /// Who gave it. A source takes back only what it gave.
    pub source: Source,
    /// When it began.
    pub created_at: Timestamp,
}

/// Where a membership came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// An administrator, by hand.
    Local,
    /// An imported file.
    Import,
    /// A claim of the named identity provider.
    Claim(String),
}

impl Source {
    /// The one word for it that pages, commands and explanations use.
    pub fn label(&self) -> String {
        match self {
            Self::Local => "local".into(),
            Self::Import => "from an import".into(),
            Self::Claim(provider) => format!("from {provider}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Import => f.write_str("import"),
            Self::Claim(provider) => write!(f, "claim:{provider}"),
        }
    }
}

impl FromStr for Source {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match (text, text.strip_prefix("claim:")) {
            ("local", _) => Ok(Self::Local),
            ("import", _) => Ok(Self::Import),
            (_, Some(provider)) => Ok(Self::Claim(provider.to_owned())),
            _ => Err(Refusal::invalid(
                "source",
                format!("\"{text}\" is not local, import or claim:PROVIDER"),
            )),
        }
    }
}

impl TryFrom<String> for Source {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}
