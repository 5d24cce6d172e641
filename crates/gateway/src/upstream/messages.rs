//! The messages that one text holds. In the revision of 2025-03-26 they may come as an array.

use std::fmt;

use bytes::Bytes;
use serde::{
    Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::error::UpstreamError;

/// How many messages may come at once.
pub(super) const MOST: usize = 256;

/// Why the messages of a text are not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Untaken {
    #[error("there are more than {MOST} messages at once")]
    TooMany,
    #[error("its answers cannot be read: {0}")]
    Broken(String),
}

impl From<Untaken> for UpstreamError {
    fn from(untaken: Untaken) -> Self {
        Self::Junk(untaken.to_string())
    }
}

/// The messages of a text that is an array of them, without a copy.
pub(super) fn messages(text: &Bytes) -> Result<Option<Vec<Bytes>>, Untaken> {
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        return Ok(None);
    }
    let array = str::from_utf8(text).map_err(|error| Untaken::Broken(error.to_string()))?;
    let mut from = serde_json::Deserializer::from_str(array);
    let parts = from.deserialize_seq(Parts).and_then(|parts| from.end().map(|()| parts));
    let parts = parts.map_err(|error| Untaken::Broken(error.to_string()))?;
    let parts = parts.ok_or(Untaken::TooMany)?;
    Ok(Some(parts.into_iter().map(|part| text.slice_ref(part.get().as_bytes())).collect()))
}

struct Parts;

impl<'de> Visitor<'de> for Parts {
    /// None if there are too many.
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut parts = Vec::new();
        while parts.len() < MOST {
            let Some(part) = from.next_element()? else { return Ok(Some(parts)) };
            parts.push(part);
        }
        let mut fits = true;
        while from.next_element::<IgnoredAny>()?.is_some() {
            fits = false;
        }
        Ok(fits.then_some(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_holds_messages_and_all_else_is_one() {
        let parts = |text: &str| messages(&Bytes::copy_from_slice(text.as_bytes()));
        assert!(parts("{\"a\":1}").unwrap().is_none());
        assert!(parts("junk").unwrap().is_none());
        let two = parts(" [ {\"a\":[1]} , 2.50 ]\n").unwrap().unwrap();
        assert_eq!(two, ["{\"a\":[1]}", "2.50"]);
        assert_eq!(parts("[]").unwrap().unwrap(), Vec::<Bytes>::new());
        for broken in ["[{}", "[] []", "[NaN]"] {
            assert!(matches!(parts(broken), Err(Untaken::Broken(_))), "{broken}");
        }
        let many = format!("[{}0]", "0,".repeat(MOST - 1));
        assert_eq!(parts(&many).unwrap().unwrap().len(), MOST);
        for more in [1, 100_000] {
            let many = format!("[{}0]", "0,".repeat(MOST - 1 + more));
            assert!(matches!(parts(&many), Err(Untaken::TooMany)));
        }
    }
}
