//! Several messages in one body, as revision 2025-03-26 alone allows.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::value::RawValue;

use super::{
    Request, call,
    negotiate::speaker,
    rpc::{Incoming, RpcError},
};
use crate::body::Parts;

/// How many messages one body may hold.
const MOST: usize = 50;

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
    let mut answers = Parts::default();
    for message in messages {
        let answered = match Incoming::read(message.get()) {
            Err((error, id)) => Some(error.message(id)),
            Ok(incoming) => match one(request, headers, &incoming).await {
                Ok(answered) => answered,
                // A speaker who may not batch is told so once, for the whole body.
                Err(error) if error.status != StatusCode::OK => return error.into_response(None),
                Err(error) => Some(error.message(incoming.id)),
            },
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
    headers: &HeaderMap,
    incoming: &Incoming<'_>,
) -> Result<Option<Parts>, RpcError> {
    let speaker = speaker(headers, incoming, |id| request.session(id))?;
    if !Request::may_batch(&speaker) {
        let message =
            "the body must be one message: batches were removed after revision 2025-03-26";
        return Err(RpcError::bad(RpcError::INVALID_REQUEST, message));
    }
    let (Some(method), Some(id)) = (incoming.method.as_deref(), incoming.id) else {
        request.note(&speaker, incoming);
        return Ok(None);
    };
    match method {
        "tools/call" => {
            call::call_silently(request, &speaker, incoming, headers, id).await.map(Some)
        }
        _ => request.answer(&speaker, incoming, method, id).map(Some),
    }
}
