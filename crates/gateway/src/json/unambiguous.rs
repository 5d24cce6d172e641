//! Whether all readers of a text read the same.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{
    Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::members::Name;

/// Whether no object in this valid JSON has a member twice, however deep it lies. Numbers are not
/// looked at, so that those that fit no type of ours pass.
pub(crate) fn is_unambiguous(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'{') => serde_json::Deserializer::from_str(text).deserialize_map(Walk).is_ok(),
        Some(b'[') => serde_json::Deserializer::from_str(text).deserialize_seq(Walk).is_ok(),
        _ => true,
    }
}

/// Objects of up to this size are searched from end to end, which is faster.
const SMALL: usize = 16;

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut few: Vec<Cow<'de, str>> = Vec::new();
        let mut many: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(Name(name)) = members.next_key()? {
            let value: &RawValue = members.next_value()?;
            let fresh = match few.len() < SMALL {
                true => !few.contains(&name),
                false => !few.contains(&name) && many.insert(name.clone()),
            };
            if !fresh || !is_unambiguous(value.get()) {
                return Err(A::Error::custom("a member is there twice"));
            }
            if few.len() < SMALL {
                few.push(name);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            if !is_unambiguous(item.get()) {
                return Err(A::Error::custom("a member is there twice"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_a_member_that_is_there_twice() {
        let many: Vec<String> = (0..100).map(|n| format!("\"m{n}\":0")).collect();
        let twice = format!("{{{},\"m70\":1}}", many.join(","));
        for (text, expected) in [
            (r#"{"a":1e400,"b":[1,{"c":{}}],"c":null}"#, true),
            ("{}", true),
            (r#"{"a":1,"a":2}"#, false),
            (r#"{"a":1,"\u0061":2}"#, false),
            (r#"{"a":[0,{"b":1,"b":1}]}"#, false),
            (&format!("{{{}}}", many.join(",")), true),
            (&twice, false),
        ] {
            assert_eq!(is_unambiguous(text), expected, "{text}");
        }
    }
}
