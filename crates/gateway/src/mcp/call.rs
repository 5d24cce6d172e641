//! `tools/call`.

use std::sync::Arc;

use axum::response::Response;
use gatehall_domain::Denial;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::time::sleep;

use super::{
    answer::answer,
    attended::Attended,
    client::Client,
    forward,
    known::META_LOG_LEVEL,
    negotiate::Speaker,
    request::Request,
    rpc::{Incoming, RpcError},
    stream::{Call, News, no_answer, patient, stream},
};
use crate::{
    body::Parts,
    call::{Done, Refusal, Step},
    catalogue::HeaderParam,
    entry::hint,
    era::Era,
    session::cancelled,
    trace::Trace,
    upstream::LogLevel,
};

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
    let (mut running, news) = admit(request, speaker, incoming, headers).await?;
    let cancels = &request.gateway.cancels;
    let cancellable = speaker.session.and_then(|session| cancels.register(session, id));
    let cancellable = cancellable.map(Arc::new);
    running.cancelled_by(cancellable.clone());
    let client = Client::of(speaker, incoming);
    let keep_alive = request.gateway.settings.keep_alive;
    let mut call = Call { running, id: id.to_owned(), client, cancellable, news, keep_alive };
    tokio::select! {
        biased;
        step = call.running.next() => match step {
            Step::Done(done) => Ok(whole(&call, &done)),
            Step::Note(note) => Ok(Reply::Stream(stream(call, Some(note)))),
            Step::Long => Ok(Box::pin(long(call)).await),
        },
        () = cancelled(call.cancellable.as_deref()) => Ok(Reply::Stream(no_answer(call))),
    }
}

/// Waits on for a call that takes longer. A caller who has heard nothing for long gets signs of
/// life: in a stream if they want news, else before the JSON. An event may be larger than a client
/// takes, where the same answer as JSON is not.
async fn long(mut call: Call) -> Reply {
    let silence = sleep(call.keep_alive);
    tokio::select! {
        biased;
        step = call.running.next() => match step {
            Step::Done(done) => whole(&call, &done),
            Step::Note(note) => Reply::Stream(stream(call, Some(note))),
            Step::Long => Reply::Stream(patient(call)),
        },
        () = cancelled(call.cancellable.as_deref()) => Reply::Stream(no_answer(call)),
        () = silence => Reply::Stream(match call.news {
            News::Wanted => stream(call, None),
            News::NotAsked => patient(call),
        }),
    }
}

fn whole(call: &Call, done: &Done) -> Reply {
    let (status, message) = answer(&call.id, call.client, done);
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
    let (running, _) = admit(request, speaker, incoming, headers).await?;
    let done = running.done().await;
    Ok(answer(id, Client::of(speaker, incoming), &done).1)
}

async fn admit(
    request: &Request<'_>,
    speaker: &Speaker,
    incoming: &Incoming<'_>,
    headers: &HeaderMap,
) -> Result<(Attended, News), RpcError> {
    let mut asked = forward::asked(incoming)?;
    // A caller learns of a tool's headers only if they may call it.
    if speaker.era == Era::Modern
        && let Some((offer, tool)) = request.moment.find(request.endpoint, &asked.name)
        && !tool.header_params.is_empty()
        && request.may(offer.connection, &tool.name)
    {
        check_param_headers(&tool.header_params, asked.arguments, headers)?;
    }
    let level = match speaker.era {
        Era::Modern => incoming.text_meta(META_LOG_LEVEL).and_then(|level| LogLevel::parse(&level)),
        Era::Legacy => {
            speaker.session.and_then(|session| request.gateway.session_notes.get(&session))
        }
    };
    let in_meta = ["traceparent", "tracestate"].iter().any(|it| incoming.meta.get(it).is_some());
    asked.trace = Trace::of(headers).map(|trace| trace.beside(in_meta));
    let news = match asked.progress_token.is_some() || level.is_some() {
        true => News::Wanted,
        false => News::NotAsked,
    };
    // A legacy client that set no level hears all.
    asked.log_level = level.or((speaker.era == Era::Legacy).then_some(LogLevel::Debug));
    let shown = asked.name.clone();
    let refused = match request.gateway.admit(&request.asking(), asked) {
        Ok(running) => {
            return Ok((Attended::new(running, speaker.era, request.gateway), news));
        }
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
