//! The messages that one text holds. In the revision of 2025-03-26 they may come as an array.

use std::fmt;

use bytes::Bytes;
use gatehall_domain::names::shown;
use serde::{
    Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    json::{self, Members},
    upstream::{Answer, UpstreamError},
};

/// How many messages may come at once.
const MOST: usize = 256;

/// The messages of a text that is an array of them, without a copy.
pub(super) fn messages(text: &Bytes) -> Result<Option<Vec<Bytes>>, UpstreamError> {
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        return Ok(None);
    }
    let junk = |what: String| UpstreamError::Junk(format!("its answers cannot be read: {what}"));
    let array = str::from_utf8(text).map_err(|error| junk(error.to_string()))?;
    let mut from = serde_json::Deserializer::from_str(array);
    let parts = from.deserialize_seq(Parts).and_then(|parts| from.end().map(|()| parts));
    let parts = parts.map_err(|error| junk(error.to_string()))?;
    Ok(Some(parts.into_iter().map(|part| text.slice_ref(part.get().as_bytes())).collect()))
}

struct Parts;

impl<'de> Visitor<'de> for Parts {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = from.next_element()? {
            if parts.len() == MOST {
                return Err(A::Error::custom(format!("there are more than {MOST}")));
            }
            parts.push(part);
        }
        Ok(parts)
    }
}

/// An answer that is none to our request.
#[derive(Debug)]
pub(super) struct Stray {
    /// The id it has, as it is written.
    pub(super) id: Option<String>,
    /// What it says went wrong.
    pub(super) error: Option<Bytes>,
}

impl Stray {
    pub(super) fn new(message: &[u8], answer: Option<Answer>) -> Box<Self> {
        let members = str::from_utf8(message).ok().and_then(|text| Members::read(text).ok());
        let id = members.and_then(|members| members.get("id"));
        let id = id.map(RawValue::get).filter(|id| *id != "null");
        let error = match answer {
            Some(Answer::Error(error)) => Some(error),
            Some(Answer::Result(_)) | None => None,
        };
        Box::new(Self { id: id.map(|id| shown(id, 60).into_owned()), error })
    }

    /// A message that cannot be read, if that is because of its id.
    pub(super) fn answering(message: &[u8]) -> Option<Box<Self>> {
        let members = Members::read(str::from_utf8(message).ok()?).ok()?;
        let said = |name| members.get(name).is_some_and(|raw| raw.get() != "null");
        let answers = said("result") && !said("error") && !said("method");
        let odd = members.get("id").is_none_or(|id| json::whole(id.get()).is_none());
        (answers && odd).then(|| Self::new(message, None))
    }

    pub(super) fn wrong_id(self, asked: u64) -> UpstreamError {
        UpstreamError::WrongId { answered: self.id.unwrap_or_else(|| "null".into()), asked }
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
        assert!(parts("[{}").is_err() && parts("[] []").is_err());
        let many = format!("[{}0]", "0,".repeat(MOST));
        assert!(matches!(parts(&many), Err(UpstreamError::Junk(_))));
    }

    #[test]
    fn an_odd_id_is_named() {
        for (message, named) in [
            (r#"{"id":"x7","result":{}}"#, Some("\"x7\"")),
            (r#"{"id":7.5,"result":{}}"#, Some("7.5")),
            (r#"{"id":null,"result":{}}"#, Some("null")),
            (r#"{"result":{},"error":null}"#, Some("null")),
            (r#"{"id":"7","result":{}}"#, None),
            (r#"{"id":"x","method":"a"}"#, None),
            ("junk", None),
        ] {
            let error = Stray::answering(message.as_bytes()).map(|it| it.wrong_id(3).to_string());
            let named = named.map(|id| format!("it answered with id {id} to request 3"));
            assert_eq!(error, named, "{message}");
        }
    }
}
