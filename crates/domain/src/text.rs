//! Names and patterns that people write, checked once where they come in.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use wildmatch::{WildMatch, WildMatchPattern};

use crate::Refusal;

/// Gives a checked text type its conversions: it is made by `FromStr` alone.
macro_rules! checked_text {
    ($name:ident) => {
        impl $name {
            /// The text as it was accepted.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = Refusal;
            fn try_from(text: String) -> Result<Self, Refusal> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0.to_string()
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use checked_text;

/// An e-mail address in lower case: visible ASCII and exactly one `@`, so that no two programs on
/// the way can read two people in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(Arc<str>);
checked_text!(EmailAddress);

impl EmailAddress {
    /// The part behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for EmailAddress {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let parts = text.split_once('@').filter(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
        let plain = text
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, ',' | ';' | '*' | '"' | '<' | '>'));
        if parts.is_none() || !plain || text.len() > 254 {
            return Err(Refusal::invalid(
                "email",
                format!("\"{text}\" is not an address like alice@example.com (ASCII, one @)"),
            ));
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

/// The domains of addresses in a list with commas, in lower case; of nothing there are none.
///
/// # Errors
/// Which part is no domain.
pub fn email_domains(text: &str) -> Result<Vec<String>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let domain = |part: &str| {
        let domain = part.to_ascii_lowercase();
        // As the address of somebody there would have it.
        let address = format!("somebody@{domain}").parse::<EmailAddress>();
        // A dot too many means nobody's addresses, or others than were meant.
        let is_one = |it: EmailAddress| {
            it.domain() == domain && domain.split('.').all(|label| !label.is_empty())
        };
        match address.is_ok_and(is_one) {
            true => Ok(domain),
            false => Err(format!("\"{}\" is not a domain like example.com", part.escape_debug())),
        }
    };
    parts.map(domain).collect()
}

/// The name of a group. It travels in comma-separated headers, so it holds no comma and only
/// visible ASCII with single inner blanks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(Arc<str>);
checked_text!(GroupName);

impl GroupName {
    /// The group whose members are administrators.
    pub const ADMIN: &'static str = "MCP-Admin";
}

impl FromStr for GroupName {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let plain = text.chars().all(|c| (c.is_ascii_graphic() || c == ' ') && c != ',');
        if text.is_empty() || text.len() > 120 || !plain || text.trim() != text {
            return Err(Refusal::invalid(
                "group",
                format!(
                    "\"{}\" cannot be a group's name: 1 to 120 visible ASCII characters, \
                     no comma, no blank at either end",
                    text.escape_debug()
                ),
            ));
        }
        Ok(Self(text.into()))
    }
}

/// Which users a grant means without naming a group: `*`, `*@example.com`, an address, or an
/// address with `*` in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserPattern(Arc<str>);
checked_text!(UserPattern);

/// The forms of a [`UserPattern`], so that most are found by a look-up and not by matching.
#[derive(Debug)]
pub enum UserPatternKind<'a> {
    /// `*`: every user.
    Everybody,
    /// `*@domain`: all addresses of one domain.
    Domain(&'a str),
    /// One address.
    Address(&'a str),
    /// Any other use of `*`.
    Wildcard(WildMatch),
}

impl UserPattern {
    /// The pattern that means every user.
    pub(crate) fn everybody() -> Self {
        Self("*".into())
    }

    /// How this pattern is matched.
    pub fn kind(&self) -> UserPatternKind<'_> {
        let text = self.as_str();
        match text.strip_prefix("*@") {
            _ if text == "*" => UserPatternKind::Everybody,
            Some(domain) if !domain.contains('*') => UserPatternKind::Domain(domain),
            _ if !text.contains('*') => UserPatternKind::Address(text),
            _ => UserPatternKind::Wildcard(WildMatch::new(text)),
        }
    }

    /// Whether the pattern means this address.
    pub fn matches(&self, email: &EmailAddress) -> bool {
        match self.kind() {
            UserPatternKind::Everybody => true,
            UserPatternKind::Domain(domain) => email.domain() == domain,
            UserPatternKind::Address(address) => email.as_str() == address,
            UserPatternKind::Wildcard(pattern) => pattern.matches(email.as_str()),
        }
    }
}

impl FromStr for UserPattern {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        // With the stars filled in, a pattern must look like an address: this refuses
        // `*example.com`, which would also mean evil-example.com.
        let sample = text.replace('*', "x");
        if text != "*" && (sample.parse::<EmailAddress>().is_err() || text.contains('?')) {
            return Err(Refusal::invalid(
                "users",
                format!("\"{text}\" is not *, *@example.com or an address"),
            ));
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

/// Which tools of a connection a grant means, by the names the server gives them: `*` stands for
/// any characters, `?` for one. Behind a backslash both, and the backslash, stand for themselves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolPattern(Arc<str>);
checked_text!(ToolPattern);

/// A [`ToolPattern`] made ready for matching. Its wildcards are characters that no pattern has, so
/// that a name with a star in it can be meant.
pub type ToolMatcher = WildMatchPattern<'\u{1}', '\u{2}'>;

/// A part of a pattern of tools.
#[derive(Clone, Copy)]
enum ToolPart {
    /// This character.
    Plain(char),
    /// Any characters.
    Any,
    /// Any character.
    One,
}

impl ToolPattern {
    /// The pattern that means the tool of this name alone, whatever characters it has.
    ///
    /// # Errors
    /// If no pattern can mean it.
    pub fn exactly(name: &str) -> Result<Self, Refusal> {
        let mut text = String::with_capacity(name.len());
        for c in name.chars() {
            if matches!(c, '*' | '?' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.parse()
    }

    /// The name that this pattern means, if it means one alone.
    pub fn name(&self) -> Option<String> {
        let plain = |part| match part {
            ToolPart::Plain(c) => Some(c),
            ToolPart::Any | ToolPart::One => None,
        };
        parts(self.as_str()).map(plain).collect()
    }

    /// The pattern made ready for matching.
    pub fn compile(&self) -> ToolMatcher {
        let place = |part| match part {
            ToolPart::Plain(c) => c,
            ToolPart::Any => '\u{1}',
            ToolPart::One => '\u{2}',
        };
        ToolMatcher::new(&parts(self.as_str()).map(place).collect::<String>())
    }
}

fn parts(text: &str) -> impl Iterator<Item = ToolPart> {
    let mut letters = text.chars().peekable();
    std::iter::from_fn(move || {
        Some(match letters.next()? {
            '*' => ToolPart::Any,
            '?' => ToolPart::One,
            '\\' => {
                ToolPart::Plain(letters.next_if(|c| matches!(c, '*' | '?' | '\\')).unwrap_or('\\'))
            }
            c => ToolPart::Plain(c),
        })
    })
}

impl FromStr for ToolPattern {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let odd = text.chars().any(|c| c.is_control() || c == ',');
        if text.is_empty() || parts(text).count() > 128 || text.len() > 512 || odd {
            return Err(Refusal::invalid(
                "tools",
                format!(
                    "\"{}\" is not a tool's name or a pattern like read_*",
                    text.escape_debug()
                ),
            ));
        }
        Ok(Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_one_person() {
        assert_eq!(
            " Alice@Google.Example ".parse::<EmailAddress>().map(|e| e.to_string()),
            Ok("alice@google.example".into())
        );
        for bad in [
            "",
            "alice",
            "@x",
            "a@",
            "a@b@c",
            "a b@c",
            "a,b@c.d",
            "ålice@x.org",
            "a@*.org",
            "a@x\n.org",
        ] {
            assert!(bad.parse::<EmailAddress>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn group_names_survive_a_header() {
        assert!("Sales EMEA".parse::<GroupName>().is_ok());
        for bad in ["", " a", "a ", "Sales,MCP-Admin", "Gr\u{fc}n", "a\r\nb"] {
            assert!(bad.parse::<GroupName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_meant_whatever_characters_it_has() {
        let names = ["*", "?", "\\", "\\*", "a*b", "read_?", "\\\\", "plain", "x\\y", "**"];
        for name in names {
            let pattern = ToolPattern::exactly(name).unwrap();
            assert_eq!(pattern.name().as_deref(), Some(name));
            for other in names {
                assert_eq!(pattern.compile().matches(other), name == other, "{pattern}: {other}");
            }
            let again: ToolPattern = pattern.as_str().parse().unwrap();
            assert_eq!(again, pattern, "it is written and read again");
        }
        for (pattern, name, expected) in [
            ("read_*", "read_file", true),
            ("read_?", "read_*", true),
            ("read_\\*", "read_file", false),
            ("\\**", "*x", true),
            ("\\**", "x", false),
            ("a\\b", "a\\b", true),
        ] {
            let pattern: ToolPattern = pattern.parse().unwrap();
            assert_eq!(pattern.compile().matches(name), expected, "{pattern}: {name}");
        }
        assert_eq!("read_*".parse::<ToolPattern>().unwrap().name(), None);
        assert!("a\u{1}".parse::<ToolPattern>().is_err(), "what stands for wildcards is none");
    }

    #[test]
    fn user_patterns_match_whole_addresses() {
        let alice = "alice@google.com".parse().unwrap();
        for (pattern, expected) in [
            ("*", true),
            ("*@google.com", true),
            ("*@GOOGLE.com", true),
            ("*@le.com", false),
            ("alice@google.com", true),
            ("ali*@google.com", true),
            ("bob@google.com", false),
        ] {
            assert_eq!(
                pattern.parse::<UserPattern>().unwrap().matches(&alice),
                expected,
                "{pattern}"
            );
        }
        for bad in ["", "*google.com", "google.com", "*@", "a@b@c", "?@google.com"] {
            assert!(bad.parse::<UserPattern>().is_err(), "{bad:?}");
        }
    }
}
