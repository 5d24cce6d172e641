use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, Serializer};

use crate::{GroupId, HostRuleId, Refusal, Timestamp};

/// Whom a proxy lets through to a host that asks the gate. Where no rule fits, nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRule {
    /// Own id.
    pub id: HostRuleId,
    /// Which hosts.
    pub host: HostPattern,
    /// The beginning of the paths it is for; `/` for all. The longest that fits counts, and every
    /// one that fits what a program may take the path for.
    pub path: PathPrefix,
    /// Who may enter.
    pub admit: Admit,
    /// When the record was made.
    pub created_at: Timestamp,
}

impl HostRule {
    /// Whether everybody may enter.
    pub fn is_open(&self) -> bool {
        self.admit == Admit::Open
    }
}

/// Who may enter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Admit {
    /// Everybody, signed in or not.
    Open,
    /// Every enabled user.
    SignedIn,
    /// Members of one of these groups, and administrators.
    Groups(Vec<GroupId>),
}

impl Admit {
    /// As written in files and on the command line.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SignedIn => "signed-in",
            Self::Groups(_) => "groups",
        }
    }
}

/// A host's name without its port, `*.example.com` for all below a domain, or `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct HostPattern(String);

impl HostPattern {
    /// The text as it was accepted.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it means this name, which is in lower case.
    pub fn matches(&self, host: &str) -> bool {
        match self.0.strip_prefix('*') {
            None => self.0 == host,
            Some("") => true,
            Some(end) => host.len() > end.len() && host.ends_with(end),
        }
    }
}

impl FromStr for HostPattern {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let name = text.to_ascii_lowercase();
        let rest = if name == "*" { "x" } else { name.strip_prefix("*.").unwrap_or(&name) };
        let label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        };
        if rest.len() > 253 || !rest.split('.').all(label) {
            return Err(Refusal::invalid(
                "host",
                format!(
                    "\"{}\" is not a name like app.example.com or *.example.com, without a port",
                    text.escape_debug()
                ),
            ));
        }
        Ok(Self(name))
    }
}

/// The beginning of a path, ending at a `/` or at a whole segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPrefix(String);

impl PathPrefix {
    /// The text as it was accepted.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it means this path as it is written.
    pub fn matches(&self, path: &str) -> bool {
        match path.strip_prefix(self.0.as_str()) {
            Some(rest) => self.0.ends_with('/') || rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}

impl FromStr for PathPrefix {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let plain = text.bytes().all(|b| {
            b.is_ascii_graphic() && !matches!(b, b'%' | b'\\' | b'?' | b'#' | b'*' | b';')
        });
        let dots = text.split('/').any(|part| matches!(part, "." | ".."));
        if !text.starts_with('/') || !plain || dots || text.contains("//") || text.len() > 512 {
            return Err(Refusal::invalid(
                "path",
                format!(
                    "\"{}\" is not the beginning of a path like /api/, in plain characters",
                    text.escape_debug()
                ),
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

macro_rules! text_conversions {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = Refusal;
            fn try_from(text: String) -> Result<Self, Refusal> {
                text.parse()
            }
        }
    )*};
}
text_conversions!(HostPattern, PathPrefix);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_match_whole_names() {
        let fits =
            |pattern: &str, host: &str| pattern.parse::<HostPattern>().unwrap().matches(host);
        assert!(fits("App.example.com", "app.example.com"));
        assert!(!fits("app.example.com", "xapp.example.com"));
        assert!(fits("*.example.com", "app.example.com"));
        assert!(!fits("*.example.com", "example.com"));
        assert!(!fits("*.example.com", "evilexample.com"));
        assert!(fits("*", "anything"));
        for bad in ["", "a..b", "*x.org", "app.example.com:80", "a/b", "*."] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn paths_match_whole_segments() {
        let fits = |prefix: &str, path: &str| prefix.parse::<PathPrefix>().unwrap().matches(path);
        assert!(fits("/", "/anything"));
        assert!(fits("/api", "/api") && fits("/api", "/api/x") && !fits("/api", "/apix"));
        assert!(fits("/api/", "/api/x") && !fits("/api/", "/api"));
        for bad in ["", "api", "/a/../b", "/a//b", "/%2e", "/a;b", "/a?b", "/*"] {
            assert!(bad.parse::<PathPrefix>().is_err(), "{bad:?}");
        }
    }
}
