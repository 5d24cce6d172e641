//! `tools/call`.

use std::time::Duration;

use axum::response::Response;
use gatehall_domain::Denial;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::time::sleep;

use super::{
    Request,
    answer::answer,
    forward,
    known::META_LOG_LEVEL,
    negotiate::Speaker,
    rpc::{Incoming, RpcError},
    stream::{Call, cancelled, no_answer, stream},
};
use crate::{
    body::Parts,
    call::{Done, Refusal, Running, Step},
    catalogue::HeaderParam,
    entry::hint,
    era::Era,
    upstream::LogLevel,
};

/// A caller who has heard nothing for so long gets a stream with signs of life.
const SILENCE: Duration = Duration::from_secs(15);

/// How a call is answered.
pub(super) enum Reply {
    Whole(StatusCode, Parts),
    Stream(Response),
}

pub(super) async fn call(
    request: &Request<'_>,
    speaker: &Speaker,
    incoming: &Incoming<'_>,
    headers: &HeaderMap,
    id: &str,
) -> Result<Reply, RpcError> {
    let running = admit(request, speaker, incoming, headers).await?;
    let cancellable =
        speaker.session.and_then(|session| request.gateway.cancels.register(session, id));
    let mut call = Call { running, id: id.to_owned(), era: speaker.era, cancellable };
    tokio::select! {
        biased;
        step = call.running.next() => match step {
            Step::Done(done) => Ok(whole(&call, &done)),
            Step::Note(note) => Ok(Reply::Stream(stream(call, Some(note)))),
            Step::Long => Box::pin(long(call)).await,
        },
        () = cancelled(call.cancellable.as_ref()) => Ok(Reply::Stream(no_answer())),
    }
}

/// Waits on for a call that takes longer.
async fn long(mut call: Call) -> Result<Reply, RpcError> {
    let silence = sleep(SILENCE);
    tokio::select! {
        biased;
        step = call.running.next() => match step {
            Step::Done(done) => Ok(whole(&call, &done)),
            Step::Note(note) => Ok(Reply::Stream(stream(call, Some(note)))),
            Step::Long => Ok(Reply::Stream(stream(call, None))),
        },
        () = cancelled(call.cancellable.as_ref()) => Ok(Reply::Stream(no_answer())),
        () = silence => Ok(Reply::Stream(stream(call, None))),
    }
}

fn whole(call: &Call, done: &Done) -> Reply {
    let (status, message) = answer(&call.id, call.era, done);
    Reply::Whole(status, message)
}

/// The same within a batch, where there is no stream to say anything on.
pub(super) async fn call_silently(
    request: &Request<'_>,
    speaker: &Speaker,
    incoming: &Incoming<'_>,
    headers: &HeaderMap,
    id: &str,
) -> Result<Parts, RpcError> {
    let done = admit(request, speaker, incoming, headers).await?.done().await;
    Ok(answer(id, speaker.era, &done).1)
}

async fn admit(
    request: &Request<'_>,
    speaker: &Speaker,
    incoming: &Incoming<'_>,
    headers: &HeaderMap,
) -> Result<Running, RpcError> {
    let mut asked = forward::asked(incoming)?;
    // A caller learns of a tool's headers only if they may call it.
    if speaker.era == Era::Modern
        && let Some((offer, tool)) = request.moment.find(request.endpoint, &asked.name)
        && !tool.header_params.is_empty()
        && request.may(offer.connection, &tool.name)
    {
        check_param_headers(&tool.header_params, asked.arguments, headers)?;
    }
    asked.log_level = match speaker.era {
        Era::Modern => incoming.text_meta(META_LOG_LEVEL).and_then(|level| LogLevel::parse(&level)),
        // A legacy client that set no level hears all.
        Era::Legacy => Some(
            speaker
                .session
                .and_then(|session| request.gateway.session_notes.get(&session))
                .unwrap_or(LogLevel::Debug),
        ),
    };
    let shown = asked.name.clone();
    let refused = match request.gateway.admit(&request.asking(), asked) {
        Ok(running) => return Ok(running),
        Err(refused) => refused.told().await,
    };
    Err(match (refused, hint(request.caller, request.refused)) {
        (Refusal::Unrecorded, _) => RpcError::unrecorded(),
        (Refusal::Denied(Denial::TooOften(seconds)), _) => RpcError::too_often(seconds),
        (Refusal::Ambiguous(problem), _) => RpcError::answer(RpcError::INVALID_PARAMS, problem),
        (_, Some(hint)) => RpcError::answer(RpcError::INVALID_PARAMS, hint),
        (_, None) => RpcError::unknown_tool(&shown),
    })
}

/// Headers that repeat arguments have to say what the arguments say.
fn check_param_headers(
    params: &[HeaderParam],
    arguments: Option<&str>,
    headers: &HeaderMap,
) -> Result<(), RpcError> {
    let arguments: Value = serde_json::from_str(arguments.unwrap_or("{}")).map_err(|_| {
        RpcError::answer(RpcError::INVALID_PARAMS, "params.arguments cannot be read")
    })?;
    for param in params {
        let mut values = headers.get_all(&param.header).iter();
        let (first, second) = (values.next(), values.next());
        if second.is_some() || !param.agrees(&arguments, first) {
            let message = format!("the header {} must repeat its argument, once", param.header);
            return Err(RpcError::bad(RpcError::HEADER_MISMATCH, message));
        }
    }
    Ok(())
}
