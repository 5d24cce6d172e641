//! An answer as a stream: notifications, signs of life, and the answer at its end.

use std::{convert::Infallible, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use tokio::time::sleep;

use super::answer::answer;
use crate::{
    call::{Note, Running, Step},
    era::Era,
    json::on_one_line,
    session::Cancellable,
};

/// Shorter than the idle limits of common proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A call under way, and to whom its answer goes.
pub(super) struct Call {
    pub(super) running: Running,
    pub(super) id: String,
    pub(super) era: Era,
    /// Set if its client can cancel it by name.
    pub(super) cancellable: Option<Cancellable>,
}

/// Waits until the client cancels the call by name.
pub(super) async fn cancelled(cancellable: Option<&Cancellable>) {
    match cancellable {
        Some(cancellable) => cancellable.token.cancelled().await,
        None => std::future::pending().await,
    }
}

/// Begins the stream of a call. `first` is what it begins with.
pub(super) fn stream(call: Call, first: Option<Note>) -> Response {
    let state = State { call: Some(call), first };
    let events = stream::unfold(state, |mut state| async {
        let event = state.next().await?;
        Some((Ok::<_, Infallible>(event), state))
    });
    event_stream(Body::from_stream(events))
}

/// What a cancelled request gets that has no stream yet: its receiver must not answer it.
pub(super) fn no_answer() -> Response {
    event_stream(Body::empty())
}

fn event_stream(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
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
                        let (_, message) = answer(&call.id, call.era, &done);
                        self.call = None;
                        return Some(event(&String::from_utf8_lossy(&message.join())));
                    }
                    Step::Long => {}
                },
                // Nobody waits for an answer to a cancelled request.
                () = cancelled(call.cancellable.as_ref()) => return None,
                () = sleep(KEEP_ALIVE) => return Some(Bytes::from_static(b": still at it\n\n")),
            }
        }
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
