//! From a tool's result to an HTTP answer.

use axum::response::{IntoResponse, Response};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::problem::Problem;
use crate::{
    body::Parts,
    call::{Done, Failure, REVOKED, STOPPING, WITHHELD},
    upstream::{Answer, CallResult, Kind, error_parts, told, visits},
};

/// One piece of a result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    mime_type: Option<String>,
}

/// The answer to a call.
pub(super) fn answer(done: &Done) -> Response {
    match &done.answer {
        Ok(Answer::Result(result)) => from_result(done, result),
        Ok(Answer::Error(error)) => {
            let (code, mut message) = error_parts(error);
            let pages = visits(error);
            if !pages.is_empty() {
                message = format!("{} {}", done.connection, told(&pages));
            }
            let status = if code == -32602 {
                StatusCode::UNPROCESSABLE_ENTITY
            } else {
                StatusCode::BAD_GATEWAY
            };
            Problem::new(status, "tool-refused", message).into_response()
        }
        Err(Failure::Revoked) => {
            Problem::new(StatusCode::FORBIDDEN, "access-ended", REVOKED).into_response()
        }
        Err(Failure::Unrecorded) => Problem::unrecorded(WITHHELD).into_response(),
        Err(Failure::Stopping) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", STOPPING).into_response()
        }
        Err(Failure::Upstream(error)) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_GATEWAY);
            let detail =
                format!("{} {} (reference {:x})", done.connection, error.public(), done.request_id);
            Problem::new(status, "server-unavailable", detail).into_response()
        }
    }
}

fn from_result(done: &Done, result: &CallResult) -> Response {
    let content = result.content.as_deref().unwrap_or(b"[]");
    let Ok(pieces) = serde_json::from_slice::<Vec<&RawValue>>(content) else {
        let detail = format!("{} answered a result that cannot be read", done.connection);
        return Problem::new(StatusCode::BAD_GATEWAY, "server-unavailable", detail).into_response();
    };
    if result.kind == Kind::Unfinished {
        let detail = format!(
            "{} needs an answer from the user, for which there is no way yet",
            done.connection
        );
        return Problem::new(StatusCode::BAD_GATEWAY, "input-required", detail).into_response();
    }
    let contents =
        || pieces.iter().filter_map(|raw| serde_json::from_str::<Content>(raw.get()).ok());
    if result.is_error {
        let texts: Vec<String> = contents().filter_map(|content| content.text).collect();
        let mut detail = texts.join("\n");
        // The detail is what the model reads, so that whatever the tool said has to be in it.
        if detail.is_empty() {
            detail = match &result.structured {
                Some(said) => String::from_utf8_lossy(said).into_owned(),
                None if pieces.is_empty() => "The tool failed and did not say why.".into(),
                None => String::from_utf8_lossy(&whole(content)).into_owned(),
            };
        }
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "tool-failed", detail)
            .into_response();
    }
    if let Some((data, mime)) = only_media(&pieces)
        && result.structured.as_ref().is_none_or(|it| repeats(it, &data))
    {
        return media_answer(&data, &mime);
    }
    if let Some(structured) = &result.structured {
        return json_answer(structured.clone());
    }
    match (pieces.len(), contents().next()) {
        (0, _) => text_answer(String::new()),
        (1, Some(Content { kind, text: Some(text), .. })) if kind == "text" => {
            let looks = text.trim_start().starts_with(['{', '[']);
            match looks && serde_json::from_str::<&RawValue>(&text).is_ok() {
                true => json_answer(text.into()),
                false => text_answer(text),
            }
        }
        _ => json_answer(whole(content)),
    }
}

/// The one picture or sound that a result consists of, and its kind. Texts without words beside it
/// say nothing.
fn only_media(pieces: &[&RawValue]) -> Option<(String, String)> {
    let mut media = None;
    for piece in pieces {
        let content: Content = serde_json::from_str(piece.get()).ok()?;
        match content {
            Content { kind, text: Some(text), .. } if kind == "text" && text.trim().is_empty() => {}
            Content { kind, data: Some(data), mime_type: Some(mime), .. }
                if matches!(kind.as_str(), "image" | "audio") && media.is_none() =>
            {
                media = Some((data, mime));
            }
            _ => return None,
        }
    }
    media
}

/// Whether structured content only says once more what is in a picture: servers make it of what
/// their tool returns.
fn repeats(structured: &[u8], data: &str) -> bool {
    fn holds(value: &Value, data: &str) -> bool {
        match value {
            Value::String(text) => text == data,
            Value::Array(items) => items.iter().any(|it| holds(it, data)),
            Value::Object(members) => members.values().any(|it| holds(it, data)),
            _ => false,
        }
    }
    serde_json::from_slice(structured).is_ok_and(|it| holds(&it, data))
}

/// The content of a result that is of several pieces.
fn whole(content: &[u8]) -> Bytes {
    [b"{\"content\":", content, b"}"].concat().into()
}

fn json_answer(body: Bytes) -> Response {
    let mut parts = Parts::default();
    parts.bytes(&body);
    guarded(parts.json(StatusCode::OK))
}

fn text_answer(text: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    guarded((kind, text).into_response())
}

/// Servers break the text into lines, and leave out what only fills it up.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn media_answer(data: &str, mime: &str) -> Response {
    let data: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = LENIENT.decode(data).ok();
    let mime = mime.trim().to_ascii_lowercase();
    let is_media = mime.starts_with("image/") || mime.starts_with("audio/");
    let kind = HeaderValue::from_str(&mime).ok().filter(|_| is_media);
    match (decoded, kind) {
        (Some(bytes), Some(kind)) => {
            guarded(([(header::CONTENT_TYPE, kind)], bytes).into_response())
        }
        _ => Problem::new(
            StatusCode::BAD_GATEWAY,
            "server-unavailable",
            "the tool answered media that cannot be read",
        )
        .into_response(),
    }
}

/// What a tool answers is never run by a browser that is shown it.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    response
}
