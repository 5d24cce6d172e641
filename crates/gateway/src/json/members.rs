use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// How many members an object may have that the gateway reads. The protocol needs a handful.
const MOST: usize = 64;

/// The members of one object, in order, each as the raw text it came as. An object that has a
/// member twice is refused: what the gateway decided by the one, a server might run by the other.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Why a text is not an object whose members can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TooMany {
    /// A member is there twice.
    Twice,
    /// There are more than any message needs.
    Members,
}

impl<'a> Members<'a> {
    /// The members of the object that `text` is.
    pub(crate) fn read(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The member of this exact name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// All members.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }

    /// Why [`Members::read`] failed, if it was for a rule of its own.
    pub(crate) fn why(error: &serde_json::Error) -> Option<TooMany> {
        let text = error.to_string();
        match () {
            () if text.starts_with(TWICE) => Some(TooMany::Twice),
            () if text.starts_with(MANY) => Some(TooMany::Members),
            () => None,
        }
    }
}

const TWICE: &str = "a member is there twice";
const MANY: &str = "there are too many members";

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(8);
        while let Some(Name(name)) = from.next_key()? {
            if members.len() == MOST {
                return Err(A::Error::custom(MANY));
            }
            if members.iter().any(|(other, _)| *other == name) {
                return Err(A::Error::custom(TWICE));
            }
            members.push((name, from.next_value()?));
        }
        Ok(Members(members))
    }
}

/// A member's name, borrowed unless it has escapes.
pub(super) struct Name<'a>(pub(super) Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_it_does_not_read() {
        let members = Members::read(r#"{"a":1e400,"b":{"z":1,"y":2},"\u0063":"x"}"#).unwrap();
        assert_eq!(members.get("a").unwrap().get(), "1e400");
        assert_eq!(members.get("b").unwrap().get(), r#"{"z":1,"y":2}"#);
        assert_eq!(members.get("c").unwrap().get(), r#""x""#);
        assert!(members.get("C").is_none());
    }

    #[test]
    fn refuses_what_two_readers_read_differently() {
        for (text, why) in [
            (r#"{"a":1,"a":2}"#, Some(TooMany::Twice)),
            (r#"{"name":1,"n\u0061me":2}"#, Some(TooMany::Twice)),
            ("[1]", None),
            ("{", None),
            ("", None),
        ] {
            assert_eq!(Members::why(&Members::read(text).unwrap_err()), why, "{text}");
        }
        let many: String = (0..100).map(|n| format!(r#""m{n}":0,"#)).collect();
        let many = format!("{{{}}}", many.trim_end_matches(','));
        assert_eq!(Members::why(&Members::read(&many).unwrap_err()), Some(TooMany::Members));
    }
}
