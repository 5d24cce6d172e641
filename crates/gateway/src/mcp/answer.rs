//! From an upstream's answer to the client's, between the eras.

use bytes::Bytes;
use http::StatusCode;

use super::{
    handshake::SERVER_INFO,
    rpc::{self, RpcError},
};
use crate::{
    body::Parts,
    call::{Done, Failure, REVOKED, STOPPING, WITHHELD},
    era::Era,
    json::{self, Members, ObjectWriter},
    upstream::{Answer, CallResult, Kind, error_parts},
};

/// The modern code for a capability that the client does not have.
const CAPABILITY_MISSING: i64 = -32021;

const NEEDS_MORE: &str = "needs an answer from the user, for which there is no way yet";

/// The answer to a call, as a JSON-RPC message. A tool that cannot be asked is a result, too, so
/// that the model can react to it.
pub(super) fn answer(id: &str, client: Era, done: &Done) -> (StatusCode, Parts) {
    let message = match &done.answer {
        Ok(Answer::Result(result)) => match translate(result, done.era, client) {
            Ok(parts) => rpc::envelope(id, "result", parts),
            Err(what) => {
                rpc::result(id, &tool_error(client, &format!("{} {what}", done.connection)))
            }
        },
        // What a server asks of its client, the gate cannot give in the client's place.
        Ok(Answer::Error(error)) if error_parts(error).0 == CAPABILITY_MISSING => {
            rpc::result(id, &tool_error(client, &format!("{} {NEEDS_MORE}", done.connection)))
        }
        Ok(Answer::Error(error)) => {
            let mut parts = Parts::default();
            parts.bytes(&error_for(error, client));
            rpc::envelope(id, "error", parts)
        }
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

/// A result as the client's era has it. Between peers of one era it passes as it is.
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
        // An old server says nothing of the type when it is done.
        Era::Modern if upstream == Era::Legacy && result.kind == Kind::Unsaid => {
            parts.text("{\"resultType\":\"complete\"");
            if !result.has_meta {
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

/// An error of an upstream passes as it is, but for the codes that the modern era has retired.
fn error_for(error: &Bytes, client: Era) -> Bytes {
    let text = str::from_utf8(error).unwrap_or("{}");
    let Ok(members) = Members::read(text) else { return error.clone() };
    let code = members.get("code").map(|raw| raw.get());
    if client == Era::Legacy || !matches!(code, Some("-32002" | "-32042")) {
        return error.clone();
    }
    let mut object = ObjectWriter::new(text.len());
    for (name, value) in members.iter() {
        object.raw(name, if name == "code" { "-32602" } else { value.get() });
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
        assert_eq!(through(odd, Modern, Modern).unwrap(), odd);
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
        assert_eq!(error_for(&error, Era::Legacy), error);
        assert_eq!(
            error_for(&error, Era::Modern),
            r#"{"code":-32602,"message":"m","data":{"a":1}}"#
        );
    }
}
