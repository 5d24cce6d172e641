//! From an upstream's answer to the client's, between the eras.

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    client::Client,
    rpc::{self, RpcError},
    server_info::SERVER_INFO,
};
use crate::{
    body::Parts,
    call::{Done, Failure, REVOKED, STOPPING, WITHHELD},
    era::Era,
    json::{self, Members, ObjectWriter},
    upstream::{Answer, CallResult, Kind, VISIT_REQUIRED, Visit, error_parts, told, visits},
};

/// The modern code for a capability that the client does not have.
const CAPABILITY_MISSING: i64 = -32021;

/// Codes that mean something in the modern revision alone. Before it anybody could use them.
const MODERN_CODES: RangeInclusive<i64> = -32099..=-32020;

const NEEDS_MORE: &str = "needs an answer from the user, for which there is no way yet";

/// The answer to a call, as a JSON-RPC message. A tool that cannot be asked is a result, too, so
/// that the model can react to it.
pub(super) fn answer(id: &str, asker: Client, done: &Done) -> (StatusCode, Parts) {
    let client = asker.era;
    let message = match &done.answer {
        Ok(Answer::Result(result)) => match translate(result, done.era, client) {
            Ok(parts) => rpc::envelope(id, "result", parts),
            Err(what) => {
                rpc::result(id, &tool_error(client, &format!("{} {what}", done.connection)))
            }
        },
        Ok(Answer::Error(error)) => return from_error(id, asker, done, error),
        Err(Failure::Upstream(error)) => {
            let text =
                format!("{} {} (reference {:x})", done.connection, error.public(), done.request_id);
            rpc::result(id, &tool_error(client, &text))
        }
        Err(Failure::Revoked) => rpc::result(id, &tool_error(client, REVOKED)),
        Err(Failure::Stopping) => rpc::result(id, &tool_error(client, STOPPING)),
        Err(Failure::Unrecorded) => {
            let error =
                RpcError::new(StatusCode::SERVICE_UNAVAILABLE, RpcError::INTERNAL, WITHHELD);
            return (error.status, error.message(Some(id)));
        }
    };
    (StatusCode::OK, message)
}

/// An error of a server as the client's era has it.
fn from_error(id: &str, client: Client, done: &Done, error: &Bytes) -> (StatusCode, Parts) {
    let code = error_parts(error).0;
    let failed = |what: &str| {
        let text = format!("{} {what}", done.connection);
        (StatusCode::OK, rpc::result(id, &tool_error(client.era, &text)))
    };
    let pages = match client.era {
        Era::Modern => visits(error),
        Era::Legacy => Vec::new(),
    };
    if !pages.is_empty() {
        return match client.shows_pages && !client.has_answered {
            true => (StatusCode::OK, rpc::result(id, &question(&done.connection, &pages))),
            false => failed(&told(&pages)),
        };
    }
    // What a server wants of its client, the gate cannot give in the client's place.
    if code == CAPABILITY_MISSING && done.era == Era::Modern && client.era == Era::Legacy {
        return failed(&needs(error));
    }
    let status = match (done.era, client.era, code) {
        (Era::Modern, Era::Modern, RpcError::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        (
            Era::Modern,
            Era::Modern,
            CAPABILITY_MISSING | RpcError::PARSE | RpcError::INVALID_REQUEST,
        ) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let mut parts = Parts::default();
    parts.bytes(&error_for(error, code, done.era, client.era));
    (status, rpc::envelope(id, "error", parts))
}

/// What a server misses in its client, in words.
fn needs(error: &Bytes) -> String {
    let error: Value = serde_json::from_slice(error).unwrap_or_default();
    let missing = error.pointer("/data/requiredCapabilities").and_then(Value::as_object);
    let names: Vec<&str> = missing.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    match names.as_slice() {
        [] => NEEDS_MORE.to_owned(),
        names => {
            let names = names.join(", ");
            let names = gatehall_domain::names::shown(&names, 200);
            format!("{NEEDS_MORE} (it needs: {names})")
        }
    }
}

/// The question that has a modern client's user visit pages. The answer to it is the same call
/// again, so that nothing has to be remembered in between.
fn question(connection: &str, pages: &[Visit]) -> String {
    let one = |(number, page): (usize, &Visit)| {
        // Whoever reads it has to know that it is not the gate that asks.
        let message = format!("{connection} asks: {}", page.message);
        let params = json!({"mode": "url", "message": message, "url": page.url});
        (format!("visit-{}", number + 1), json!({"method": "elicitation/create", "params": params}))
    };
    let questions: serde_json::Map<String, Value> = pages.iter().enumerate().map(one).collect();
    json!({"resultType": "input_required", "inputRequests": questions}).to_string()
}

/// A result as the client's era has it. Between peers of one era it passes as it is, but for a type
/// that is missing.
fn translate(result: &CallResult, upstream: Era, client: Era) -> Result<Parts, &'static str> {
    let mut parts = Parts::default();
    if client == Era::Legacy && upstream == Era::Legacy {
        // There what the type says means nothing.
        parts.bytes(&result.raw);
        return Ok(parts);
    }
    if result.kind == Kind::Unfinished {
        return Err(NEEDS_MORE);
    }
    match client {
        // An old server says nothing of the type when it is done, and a newer one may forget to.
        Era::Modern if result.kind == Kind::Unsaid => {
            parts.text("{\"resultType\":\"complete\"");
            if upstream == Era::Legacy && !result.has_meta {
                parts.text(&format!(
                    ",\"_meta\":{{\"io.modelcontextprotocol/serverInfo\":{SERVER_INFO}}}"
                ));
            }
            parts.text(if result.is_empty { "" } else { "," });
            parts.bytes(&result.raw.slice(1..));
        }
        // Legacy clients take objects only; the text beside it says the same.
        Era::Legacy if result.structured.as_ref().is_some_and(|it| !it.starts_with(b"{")) => {
            let text = str::from_utf8(&result.raw).unwrap_or("{}");
            let members = Members::of_server(text, &[])
                .map_err(|_| "answered a result that cannot be read")?;
            let mut object = ObjectWriter::new(text.len());
            for (name, value) in members.iter().filter(|(name, _)| *name != "structuredContent") {
                object.raw(name, value.get());
            }
            parts.text(&object.finish());
        }
        _ => {
            parts.bytes(&result.raw);
        }
    }
    Ok(parts)
}

/// An error of an upstream passes as it is, but for codes that mean something else, or nothing, in
/// the client's era.
fn error_for(error: &Bytes, code: i64, upstream: Era, client: Era) -> Bytes {
    let other = match (upstream, client, code) {
        (_, Era::Modern, -32002) => RpcError::INVALID_PARAMS,
        (_, Era::Modern, VISIT_REQUIRED) => RpcError::INTERNAL,
        (Era::Legacy, Era::Modern, _) | (Era::Modern, Era::Legacy, _)
            // That one was of the legacy era first.
            if MODERN_CODES.contains(&code) && code != VISIT_REQUIRED =>
        {
            RpcError::INTERNAL
        }
        _ => return error.clone(),
    };
    let text = str::from_utf8(error).unwrap_or("{}");
    let Ok(members) = Members::read(text) else { return error.clone() };
    let other = other.to_string();
    let mut object = ObjectWriter::new(text.len());
    for (name, value) in members.iter() {
        object.raw(name, if name == "code" { &other } else { value.get() });
    }
    object.finish().into()
}

/// A result that says that the tool failed.
fn tool_error(client: Era, text: &str) -> String {
    let kind = match client {
        Era::Modern => "\"resultType\":\"complete\",",
        Era::Legacy => "",
    };
    let text = json::string(text);
    format!("{{{kind}\"content\":[{{\"type\":\"text\",\"text\":{text}}}],\"isError\":true}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(result: &'static str, upstream: Era, client: Era) -> Result<String, &'static str> {
        let result = CallResult::read(Bytes::from_static(result.as_bytes())).unwrap();
        let parts = translate(&result, upstream, client)?;
        Ok(String::from_utf8(parts.join().to_vec()).unwrap())
    }

    #[test]
    fn results_cross_the_eras() {
        use Era::{Legacy, Modern};
        let odd = r#"{"content":[],"x":1e400}"#;
        assert_eq!(through(odd, Legacy, Legacy).unwrap(), odd);
        let unsaid = through(odd, Modern, Modern).unwrap();
        assert_eq!(unsaid, r#"{"resultType":"complete","content":[],"x":1e400}"#);
        for text in [
            "{}",
            "{ }",
            odd,
            r#"{"content":[],"_meta":{"a":1}}"#,
            r#"{"content":[{"text":"\"_meta\""}]}"#,
        ] {
            let modern = through(text, Legacy, Modern).unwrap();
            let value: serde_json::Value =
                serde_json::from_str(&modern.replace("1e400", "1")).expect(&modern);
            assert_eq!(value["resultType"], "complete", "{modern}");
        }
        let listed = r#"{"resultType":"complete","content":[],"structuredContent":[1]}"#;
        assert_eq!(through(listed, Modern, Modern).unwrap(), listed);
        assert!(!through(listed, Modern, Legacy).unwrap().contains("structuredContent"));
        for question in [
            r#"{"resultType":"input_required"}"#,
            r#"{"result\u0054ype":"input_required"}"#,
            r#"{"content":[],"_meta":{},"resultTyp\u0065":"task"}"#,
        ] {
            for (upstream, client) in [(Legacy, Modern), (Modern, Modern), (Modern, Legacy)] {
                assert!(through(question, upstream, client).is_err(), "{question}");
            }
        }
        // The gate's own word for it stands alone.
        let twin = through(r#"{"ResultType":"input_required","content":[]}"#, Legacy, Modern);
        assert!(!twin.unwrap().contains("input_required"));
    }

    #[test]
    fn retired_codes_are_replaced_for_the_modern_era() {
        let error = Bytes::from_static(br#"{"code":-32002,"message":"m","data":{"a":1}}"#);
        assert_eq!(error_for(&error, -32002, Era::Modern, Era::Legacy), error);
        assert_eq!(
            error_for(&error, -32002, Era::Legacy, Era::Modern),
            r#"{"code":-32602,"message":"m","data":{"a":1}}"#
        );
    }
}
