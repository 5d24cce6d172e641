//! Answers that come late: as a stream of notifications, signs of life and the answer at its end,
//! or as JSON with blanks before it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, header};
use tokio::time::sleep;

use super::{answer::answer, attended::Attended, client::Client, rpc::RpcError};
use crate::{
    call::Step,
    json::on_one_line,
    session::{Cancellable, cancelled},
    upstream::Note,
};

/// A call under way, and to whom its answer goes.
pub(super) struct Call {
    pub(super) running: Attended,
    pub(super) id: String,
    pub(super) client: Client,
    /// Set if its client can cancel it by name.
    pub(super) cancellable: Option<Arc<Cancellable>>,
    pub(super) news: News,
    /// How long its client hears nothing at most.
    pub(super) keep_alive: Duration,
}

/// Whether a client asked for notifications of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It gave a progress token, or a level for logs.
    Wanted,
    /// It gets what comes before it is told to wait, and nothing later.
    NotAsked,
}

/// Begins the stream of a call. `first` is what it begins with.
pub(super) fn stream(call: Call, first: Option<Note>) -> Response {
    let state = State { call: Some(call), first };
    let events = stream::unfold(state, |mut state| async {
        let event = state.next().await?;
        Some((Ok::<_, Infallible>(event), state))
    });
    unbuffered("text/event-stream", Body::from_stream(events))
}

/// The answer as JSON, before which blanks keep the connection alive. Its status is sent before it
/// is known how the call ends.
pub(super) fn patient(call: Call) -> Response {
    let state = State { call: Some(call), first: None };
    let first = stream::once(async { Bytes::from_static(b" ") });
    let rest = stream::unfold(state, |mut state| async {
        let piece = state.blank_or_answer().await?;
        Some((piece, state))
    });
    let pieces = first.chain(rest).map(Ok::<_, Infallible>);
    unbuffered("application/json", Body::from_stream(pieces))
}

/// What a cancelled request gets that has no stream yet: its receiver must not answer it.
pub(super) fn no_answer(mut call: Call) -> Response {
    call.running.cancel();
    unbuffered("text/event-stream", Body::empty())
}

/// An answer that has to arrive piece by piece.
fn unbuffered(kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct State {
    /// Let go with its answer, so that a client that does not take it holds nothing else.
    call: Option<Call>,
    first: Option<Note>,
}

impl State {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(note) = self.first.take() {
            return Some(event(&notification(&note)));
        }
        let call = self.call.as_mut()?;
        loop {
            tokio::select! {
                biased;
                step = call.running.next() => match step {
                    Step::Note(note) => return Some(event(&notification(&note))),
                    Step::Done(done) => {
                        let (_, message) = answer(&call.id, call.client, &done);
                        self.call = None;
                        return Some(event(&String::from_utf8_lossy(&message.join())));
                    }
                    Step::Long => {}
                },
                // Nobody waits for an answer to a cancelled request.
                () = cancelled(call.cancellable.as_deref()) => {
                    call.running.cancel();
                    return None;
                }
                () = sleep(call.keep_alive) => {
                    return Some(Bytes::from_static(b": still at it\n\n"));
                }
            }
        }
    }

    async fn blank_or_answer(&mut self) -> Option<Bytes> {
        let call = self.call.as_mut()?;
        let late = sleep(call.keep_alive);
        tokio::pin!(late);
        let message = loop {
            tokio::select! {
                biased;
                step = call.running.next() => match step {
                    Step::Done(done) => break answer(&call.id, call.client, &done).1,
                    // There is no place for it any more.
                    Step::Note(_) | Step::Long => {}
                },
                () = cancelled(call.cancellable.as_deref()) => {
                    call.running.cancel();
                    // Nobody waits for an answer, but half of one is an error to whoever reads on.
                    let error = RpcError::answer(RpcError::INTERNAL, "the request was cancelled");
                    break error.message(Some(&call.id));
                }
                () = &mut late => return Some(Bytes::from_static(b" ")),
            }
        };
        self.call = None;
        Some(message.join())
    }
}

fn notification((method, params): &Note) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{params}}}")
}

fn event(message: &str) -> Bytes {
    let message = on_one_line(message);
    let mut event = String::with_capacity(message.len() + 24);
    event.push_str("event: message\ndata: ");
    event.push_str(&message);
    event.push_str("\n\n");
    event.into()
}
