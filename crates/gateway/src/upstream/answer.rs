use bytes::Bytes;
use serde_json::value::RawValue;

use super::{error::UpstreamError, question::Question, result::CallResult};
use crate::json::{self, Members, ObjectWriter};

/// What an upstream answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// The `result` object.
    Result(CallResult),
    /// The `error` object, as raw JSON.
    Error(Bytes),
}

/// The code of an error that says no other.
const INTERNAL: &str = "-32603";

/// The members of an error.
const ERROR: &[&str] = &["code", "message", "data"];

/// A JSON-RPC message of an upstream, split without copying it.
#[derive(Debug)]
pub(crate) enum Message {
    /// The answer to the request with this id of ours.
    Answer(u64, Answer),
    /// A notification: method and params.
    Notification(String, Option<Bytes>),
    /// A request to us.
    Request(Question),
}

impl Message {
    /// Splits a message. Whatever is not exactly one is junk.
    pub(crate) fn read(message: &Bytes) -> Result<Self, UpstreamError> {
        let junk = |what: &str| UpstreamError::Junk(what.to_owned());
        let text = str::from_utf8(message).map_err(|_| junk("its answer is not UTF-8"))?;
        let members = Members::read(text)
            .map_err(|_| junk(&format!("its answer begins with {}", excerpt(message))))?;
        let slice = |raw: &RawValue| message.slice_ref(raw.get().as_bytes());
        if members.get("jsonrpc").map(|raw| raw.get()) != Some("\"2.0\"") {
            return Err(junk("its answer is no JSON-RPC message"));
        }
        // Some write every member that a message can have, and null where it has none.
        let said = |name| members.get(name).filter(|raw| raw.get() != "null");
        let (id, result, error) = (said("id"), said("result"), said("error"));
        if let Some(method) = said("method") {
            if result.is_some() || error.is_some() {
                return Err(junk("a message that both asks and answers"));
            }
            let method =
                json::text(method).ok_or_else(|| junk("a method that is no text"))?.into_owned();
            return Ok(match id.map(RawValue::get) {
                Some(id) if is_id(id) => Self::Request(Question::new(id.to_owned(), method)),
                Some(_) => return Err(junk("a request whose id is neither text nor a number")),
                None => Self::Notification(method, members.get("params").map(slice)),
            });
        }
        // Our ids are numbers; whatever else stands there is not meant for us.
        let id = id.and_then(|raw| json::whole(raw.get()));
        match (id, result, error) {
            (Some(id), Some(result), None) if json::is_object(result) => {
                Ok(Self::Answer(id, Answer::Result(CallResult::read(slice(result))?)))
            }
            (id, None, Some(error)) => {
                let error =
                    read_error(error, slice(error)).ok_or_else(|| junk("an error that is none"))?;
                // An error to a request whose id could not be read has none.
                Ok(Self::Answer(id.unwrap_or(0), Answer::Error(error)))
            }
            _ => Err(junk("its answer has neither a result object nor an error, or not our id")),
        }
    }
}

/// A string or a number.
fn is_id(raw: &str) -> bool {
    raw.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit())
}

/// An error as it is passed on: without what a client could read as another of its members, and
/// with a code and a message as every client needs them, whatever the server wrote there.
fn read_error(error: &RawValue, raw: Bytes) -> Option<Bytes> {
    if !json::is_object(error) {
        let mut object = ObjectWriter::new(raw.len() + 48);
        object.raw("code", INTERNAL).string("message", &words(Some(error)));
        return Some(object.finish().into());
    }
    let members = Members::of_server(str::from_utf8(&raw).ok()?, ERROR).ok()?;
    let (code, message) = (members.get("code"), members.get("message"));
    let is_code = code.is_some_and(|raw| raw.get().parse::<i64>().is_ok());
    if is_code && message.is_some_and(|raw| json::text(raw).is_some()) {
        let anew = members.without_twins().map(Bytes::from);
        return Some(anew.unwrap_or(raw));
    }
    let mut object = ObjectWriter::new(raw.len() + 48);
    object.raw("code", &number(code)).string("message", &words(message));
    for (name, value) in members.iter().filter(|(name, _)| !matches!(*name, "code" | "message")) {
        object.raw(name, value.get());
    }
    Some(object.finish().into())
}

/// The code that a server meant.
fn number(code: Option<&RawValue>) -> String {
    /// Beyond this a float is no code that anybody wrote.
    const FAR: f64 = (1_i64 << 53) as f64;
    let Some(code) = code else { return INTERNAL.to_owned() };
    let text = code.get().trim_matches('"').trim();
    let whole = |number: &f64| number.fract() == 0.0 && number.abs() <= FAR;
    match (text.parse::<i64>(), text.parse::<f64>().ok().filter(whole)) {
        (Ok(code), _) => code.to_string(),
        (Err(_), Some(code)) => (code as i64).to_string(),
        (Err(_), None) => INTERNAL.to_owned(),
    }
}

/// What a server says of an error, in whatever form.
fn words(message: Option<&RawValue>) -> String {
    match message.map(|raw| (json::text(raw), raw.get())) {
        None | Some((None, "null")) => "the server gives no reason".to_owned(),
        Some((Some(text), _)) => text.into_owned(),
        Some((None, raw)) => gatehall_domain::names::shown(raw, 400).into_owned(),
    }
}

/// The code and the message of an error object.
pub(crate) fn error_parts(error: &Bytes) -> (i64, String) {
    let read = || {
        let members = Members::read(str::from_utf8(error).ok()?).ok()?;
        let code = members.get("code")?.get().parse().ok()?;
        Some((code, json::text(members.get("message")?)?.into_owned()))
    };
    read().unwrap_or_default()
}

/// How a body begins, fit to be shown.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let start = String::from_utf8_lossy(&body[..body.len().min(200)]);
    format!("\"{}\"", gatehall_domain::names::shown(start.trim(), 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_messages_and_refuses_junk() {
        let read = |text: &'static str| Message::read(&Bytes::from_static(text.as_bytes()));
        let Ok(Message::Answer(7, Answer::Result(result))) =
            read(r#"{"jsonrpc":"2.0","id":7,"result":{"x":1e400, "y":[]}}"#)
        else {
            panic!()
        };
        assert_eq!(result.raw, r#"{"x":1e400, "y":[]}"#);
        let Ok(Message::Answer(7, Answer::Error(error))) = read(
            r#"{"jsonrpc":"2.0","id":7,"error":{"Code":2,"code":1,"message":"m","Message":"other"}}"#,
        ) else {
            panic!()
        };
        assert_eq!(error, r#"{"code":1,"message":"m"}"#);
        assert!(matches!(
            read(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m","more":1}}"#),
            Ok(Message::Answer(0, Answer::Error(_)))
        ));
        assert!(matches!(
            read(r#"{"jsonrpc":"2.0","method":"a/b","params":{}}"#),
            Ok(Message::Notification(..))
        ));
        assert!(matches!(
            read(r#"{"jsonrpc":"2.0","id":"s","method":"ping"}"#),
            Ok(Message::Request(..))
        ));
        for junk in [
            "<html>",
            "[]",
            "{}",
            r#"{"id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":[]}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":"x","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":null,"error":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"r\u0065sult":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"m\u0065thod":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{"isError":false,"isError":true}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"code":2,"message":""}}"#,
        ] {
            assert!(matches!(read(junk), Err(UpstreamError::Junk(_))), "{junk}");
        }
    }

    #[test]
    fn members_that_are_null_are_not_there_and_ids_are_known_again() {
        let read = |text: &'static str| Message::read(&Bytes::from_static(text.as_bytes()));
        for text in [
            r#"{"jsonrpc":"2.0","id":7,"result":{"a":1},"error":null}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":null,"params":null,"result":{"a":1},"error":null}"#,
            r#"{"jsonrpc":"2.0","id":"7","result":{"a":1}}"#,
            r#"{"jsonrpc":"2.0","id":7.0,"result":{"a":1}}"#,
        ] {
            let Ok(Message::Answer(7, Answer::Result(result))) = read(text) else {
                panic!("{text}")
            };
            assert_eq!(result.raw, r#"{"a":1}"#);
        }
        let note = read(r#"{"jsonrpc":"2.0","id":null,"method":"a/b","result":null}"#);
        assert!(matches!(note, Ok(Message::Notification(..))), "{note:?}");
    }

    #[test]
    fn an_error_has_a_code_and_a_message_whatever_the_server_wrote() {
        for (error, passed) in [
            (r#"{"code":"-32000","message":"m"}"#, r#"{"code":-32000,"message":"m"}"#),
            (r#"{"code":-1.0,"message":"m","data":1}"#, r#"{"code":-1,"message":"m","data":1}"#),
            (r#"{"code":"x","message":""}"#, r#"{"code":-32603,"message":""}"#),
            (r#"{"code":1e99,"message":"m"}"#, r#"{"code":-32603,"message":"m"}"#),
            (r#"{"message":"m"}"#, r#"{"code":-32603,"message":"m"}"#),
            (r#"{"code":5}"#, r#"{"code":5,"message":"the server gives no reason"}"#),
            (
                r#"{"code":5,"message":null}"#,
                r#"{"code":5,"message":"the server gives no reason"}"#,
            ),
            (r#"{"code":5,"message":["a"]}"#, r#"{"code":5,"message":"[\"a\"]"}"#),
            (r#""it broke""#, r#"{"code":-32603,"message":"it broke"}"#),
            ("{}", r#"{"code":-32603,"message":"the server gives no reason"}"#),
        ] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":7,"result":null,"error":{error}}}"#);
            let Ok(Message::Answer(7, Answer::Error(read))) = Message::read(&text.into()) else {
                panic!("{error}")
            };
            assert_eq!(read, passed);
        }
    }
}
