//! Answers that are none to our request.

use bytes::Bytes;
use gatehall_domain::names::shown;
use serde_json::value::RawValue;

use crate::{
    json::{self, Members},
    upstream::{answer::Answer, error::UpstreamError},
};

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
