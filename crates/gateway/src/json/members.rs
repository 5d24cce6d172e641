use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{ObjectWriter, twin::twin_of};

/// How many members an object of a client may have that the gateway reads. The protocol needs a
/// handful.
const MOST: usize = 64;
/// The same for one of a server, whose results may say more than the gateway knows.
const MOST_OF_SERVER: usize = 1024;

/// The members of one object, in order, each as the raw text it came as. An object that has a
/// member twice is refused: what the gateway decided by the one, a server might run by the other.
#[derive(Debug, Default)]
pub(crate) struct Members<'a> {
    found: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// Whether one was left out: it may be read as another, or it is null.
    left_out: bool,
}

/// Why the members of a text are not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Flaw {
    /// It is no object.
    #[error("{0}")]
    NoObject(serde_json::Error),
    /// A member is there twice.
    #[error("the member \"{0}\" is there twice: send it once")]
    Twice(String),
    /// Some reader takes a member for another one.
    #[error("some servers read the member \"{name}\" as \"{of}\": leave it out")]
    Twin {
        /// As it is written, with odd characters spelled out.
        name: String,
        /// What it is taken for.
        of: &'static str,
    },
    /// There are more than any message needs.
    #[error("there are more than {MOST} members")]
    Many,
}

impl Flaw {
    /// Whether two programs may read two different things.
    pub(crate) const fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Twice(_) | Self::Twin { .. })
    }
}

/// A member's name, fit to be shown: what cannot be seen is spelled out.
pub(crate) fn spelled(name: &str) -> String {
    name.chars().take(60).flat_map(char::escape_default).collect()
}

impl<'a> Members<'a> {
    /// The members of the object that `text` is.
    pub(crate) fn read(text: &'a str) -> Result<Self, Flaw> {
        Reader { known: &[], twins: Twins::Pass, most: MOST, flaw: None }.read(text)
    }

    /// The members of an object of a client. One that may be read as one of the `known` is
    /// refused.
    pub(crate) fn of_client(text: &'a str, known: &'static [&'static str]) -> Result<Self, Flaw> {
        Reader { known, twins: Twins::Refuse, most: MOST, flaw: None }.read(text)
    }

    /// The members of an object of a server. One that may be read as one of the `known` is left
    /// out, so that the client reads what the gateway has read.
    pub(crate) fn of_server(text: &'a str, known: &'static [&'static str]) -> Result<Self, Flaw> {
        let most = MOST_OF_SERVER;
        Reader { known, twins: Twins::LeaveOut, most, flaw: None }.read(text)
    }

    /// The same without those of the `known` that are null: an optional member that is null is not
    /// there.
    pub(crate) fn without_nulls(mut self, known: &[&str]) -> Self {
        let before = self.found.len();
        self.found.retain(|(name, value)| value.get() != "null" || !known.contains(&name.as_ref()));
        self.left_out |= self.found.len() < before;
        self
    }

    /// The member of this exact name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.found.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// All members.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.found.iter().map(|(key, value)| (key.as_ref(), *value))
    }

    /// Whether there are none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The object anew, if one of its members was left out.
    pub(crate) fn without_twins(&self) -> Option<String> {
        self.left_out.then(|| {
            let mut object = ObjectWriter::new(256);
            for (name, value) in self.iter() {
                object.raw(name, value.get());
            }
            object.finish()
        })
    }
}

/// The first member of this name, however many there are.
pub(crate) fn first<'a>(text: &'a str, name: &str) -> Option<&'a RawValue> {
    struct First<'n>(&'n str);
    impl<'de> Visitor<'de> for First<'_> {
        type Value = Option<&'de RawValue>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(Name(name)) = from.next_key()? {
                let value: &RawValue = from.next_value()?;
                found = found.or((name == self.0).then_some(value));
            }
            Ok(found)
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(First(name)).ok()?
}

/// What is done with a member that may be read as a known one.
#[derive(Debug, Clone, Copy)]
enum Twins {
    Pass,
    Refuse,
    LeaveOut,
}

#[derive(Debug)]
struct Reader {
    known: &'static [&'static str],
    twins: Twins,
    most: usize,
    /// Why it stopped.
    flaw: Option<Flaw>,
}

impl Reader {
    fn read(mut self, text: &str) -> Result<Members<'_>, Flaw> {
        let mut from = serde_json::Deserializer::from_str(text);
        let read = (&mut self).deserialize(&mut from);
        match read.and_then(|members| from.end().map(|()| members)) {
            Ok(members) => Ok(members),
            Err(error) => Err(self.flaw.unwrap_or(Flaw::NoObject(error))),
        }
    }

    fn stop<E: Error>(&mut self, flaw: Flaw) -> E {
        self.flaw = Some(flaw);
        E::custom("a flaw")
    }
}

impl<'de> DeserializeSeed<'de> for &mut Reader {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Reader {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut members = Members { found: Vec::with_capacity(8), left_out: false };
        while let Some(Name(name)) = from.next_key()? {
            if members.found.len() == self.most {
                return Err(self.stop(Flaw::Many));
            }
            if members.found.iter().any(|(other, _)| *other == name) {
                return Err(self.stop(Flaw::Twice(spelled(&name))));
            }
            let twin = match self.twins {
                Twins::Pass => None,
                _ if self.known.contains(&name.as_ref()) => None,
                _ => twin_of(&name, self.known),
            };
            match (twin, self.twins) {
                (Some(of), Twins::Refuse) => {
                    return Err(self.stop(Flaw::Twin { name: spelled(&name), of }));
                }
                (Some(_), _) => {
                    from.next_value::<&RawValue>()?;
                    members.left_out = true;
                }
                (None, _) => members.found.push((name, from.next_value()?)),
            }
        }
        Ok(members)
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

    const KNOWN: &[&str] = &["name", "arguments"];

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
        let flaw = |text: &str| Members::of_client(text, KNOWN).unwrap_err();
        for text in [r#"{"a":1,"a":2}"#, r#"{"name":1,"n\u0061me":2}"#] {
            assert!(matches!(flaw(text), Flaw::Twice(_)), "{text}");
        }
        for text in ["[1]", "{", "", "{} {}", r#"{"a":1}]"#] {
            assert!(matches!(flaw(text), Flaw::NoObject(_)), "{text}");
        }
        let many: String = (0..100).map(|n| format!(r#""m{n}":0,"#)).collect();
        let many = format!("{{{}}}", many.trim_end_matches(','));
        assert!(matches!(flaw(&many), Flaw::Many));
        let twin = flaw(r#"{"name":1,"\u0000Name":2}"#);
        assert!(matches!(twin, Flaw::Twin { of: "name", .. }), "{twin}");
        assert!(twin.to_string().contains(r#""\u{0}Name""#), "{twin}");
    }

    #[test]
    fn leaves_out_what_a_client_would_read_differently() {
        let whole = Members::of_server(r#"{"name":1,"other":2}"#, KNOWN).unwrap();
        assert_eq!(whole.without_twins(), None);
        let text = r#"{"Name":0,"name":1,"other":2,"argument\u017f":3}"#;
        let cut = Members::of_server(text, KNOWN).unwrap();
        assert_eq!(cut.without_twins().unwrap(), r#"{"name":1,"other":2}"#);
        let many: String = (0..900).map(|n| format!(r#""m{n}":0,"#)).collect();
        assert!(Members::of_server(&format!("{{{many}\"a\":0}}"), KNOWN).is_ok());
    }

    #[test]
    fn a_known_member_that_is_null_is_not_there() {
        let text = r#"{"name":null,"arguments":[null],"other":null}"#;
        let members = Members::of_client(text, KNOWN).unwrap().without_nulls(KNOWN);
        let left: Vec<&str> = members.iter().map(|(name, _)| name).collect();
        assert_eq!(left, ["arguments", "other"]);
        assert!(Members::of_client(r#"{"name":null,"name":1}"#, KNOWN).is_err());
    }

    #[test]
    fn finds_the_first_of_several() {
        let text = r#"{"a":0,"name":1,"name":2}"#;
        assert_eq!(first(text, "name").map(RawValue::get), Some("1"));
        assert!(first(text, "b").is_none() && first("[]", "name").is_none());
    }
}
