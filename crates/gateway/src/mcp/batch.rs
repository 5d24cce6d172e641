//! Several messages in one body, as revision 2025-03-26 alone allows.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::value::RawValue;

use super::{
    call,
    negotiate::{Speaker, said_version, speaker, unsupported},
    request::Request,
    rpc::{Incoming, RpcError},
};
use crate::{body::Parts, era};

/// How many messages one body may hold.
const MOST: usize = 50;

const REMOVED: &str =
    "the body must be one message: batches were removed after revision 2025-03-26";

/// Answers all requests of a batch, in their order.
pub(super) async fn answer(request: &Request<'_>, headers: &HeaderMap, text: &str) -> Response {
    let messages: Vec<&RawValue> = match serde_json::from_str(text) {
        Ok(messages) => messages,
        Err(error) => {
            let message = format!("the body is not valid JSON: {error}");
            return RpcError::bad(RpcError::PARSE, message).into_response(None);
        }
    };
    let refuse =
        |message: String| RpcError::bad(RpcError::INVALID_REQUEST, message).into_response(None);
    if messages.is_empty() || messages.len() > MOST {
        return refuse(format!("a batch holds 1 to {MOST} messages"));
    }
    // Whoever may not batch is told so once, before anything is done.
    match said_version(headers, RpcError::INVALID_REQUEST) {
        Ok(None | Some(era::BATCHES)) => {}
        Ok(Some(said)) if said == era::MODERN || era::legacy(said).is_some() => {
            return refuse(REMOVED.into());
        }
        Ok(Some(said)) => return unsupported(said).into_response(None),
        Err(error) => return error.into_response(None),
    }
    let mut read = Vec::with_capacity(messages.len());
    for message in messages {
        let incoming = Incoming::read(message.get());
        let speaker = match &incoming {
            Ok(incoming) => match speaker(headers, incoming, |id| request.session(id)) {
                Ok(_) if incoming.method.as_deref() == Some("initialize") => {
                    return refuse("initialize has to come alone, before any batch".into());
                }
                Ok(speaker) if Request::may_batch(&speaker) => Some(speaker),
                Ok(_) => return refuse(REMOVED.into()),
                Err(error) => return error.into_response(None),
            },
            Err(_) => None,
        };
        read.push((message.get(), incoming, speaker));
    }
    let mut answers = Parts::default();
    for (text, incoming, speaker) in &read {
        let answered = match (incoming, speaker) {
            (Ok(incoming), Some(speaker)) => one(request, speaker, headers, incoming)
                .await
                .unwrap_or_else(|error| Some(error.message(incoming.id))),
            (Err(unread), _) => Some(request.unread(text, unread).await.message(unread.id)),
            (Ok(_), None) => None,
        };
        if let Some(answered) = answered {
            answers.text(if answers.len() == 0 { "[" } else { "," });
            answers.append(answered);
        }
    }
    if answers.len() == 0 {
        return StatusCode::ACCEPTED.into_response();
    }
    answers.text("]");
    answers.json(StatusCode::OK)
}

/// The answer to one message of a batch; none to a notification.
async fn one(
    request: &Request<'_>,
    speaker: &Speaker,
    headers: &HeaderMap,
    incoming: &Incoming<'_>,
) -> Result<Option<Parts>, RpcError> {
    let (Some(method), Some(id)) = (incoming.method.as_deref(), incoming.id) else {
        request.note(speaker, incoming);
        return Ok(None);
    };
    match method {
        "tools/call" => {
            call::call_silently(request, speaker, incoming, headers, id).await.map(Some)
        }
        _ => request.answer(speaker, incoming, method, id).map(Some),
    }
}
