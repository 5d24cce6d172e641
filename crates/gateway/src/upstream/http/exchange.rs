use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use gatehall_domain::names::shown;
use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use sse_stream::{Sse, SseStream};

use super::Open;
use crate::{
    body::{Unread, collect},
    era::Era,
    upstream::{
        Answer, UpstreamError,
        answer::{Message, excerpt},
        raw::RawEvent,
        request,
    },
};

/// How much of an error page is read.
const ERROR_BYTES: usize = 64 << 10;
/// How long a message on the way back may take.
const BACK_TIME: Duration = Duration::from_secs(5);

/// One POST under way: the answer as JSON, or a stream of messages that ends with it.
pub(crate) struct HttpExchange {
    id: u64,
    limit: usize,
    body: Body,
    back: Option<Back>,
}

/// The way back to the server while an answer is awaited, for what it asks of us. Dropped before
/// the request is settled, it tells the server that nobody waits any more.
#[derive(Debug)]
pub(super) struct Back {
    open: Arc<Open>,
    id: u64,
    settled: bool,
}

type Events = Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>> + Send>>;

enum Body {
    /// A JSON answer, as far as it has come.
    Json(Incoming, BytesMut),
    /// A stream of events.
    Events(Events),
    /// A complete answer.
    Whole(Bytes),
}

impl fmt::Debug for HttpExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpExchange({})", self.id)
    }
}

/// What a body is said to be, without parameters.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    shown(kind.split(';').next().unwrap_or("").trim(), 100).into_owned()
}

impl HttpExchange {
    /// Looks at the head of an answer.
    pub(super) async fn new(
        response: Response<Incoming>,
        id: u64,
        limit: usize,
    ) -> Result<Self, UpstreamError> {
        let (head, body) = response.into_parts();
        let kind = content_type(&head.headers);
        let (json, events) = (
            kind.eq_ignore_ascii_case("application/json"),
            kind.eq_ignore_ascii_case("text/event-stream"),
        );
        let body = match head.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(UpstreamError::Refused(head.status.as_u16()));
            }
            status if status.is_redirection() => {
                let place = head.headers.get(LOCATION).and_then(|value| value.to_str().ok());
                let excerpt = format!("it sends to {}", shown(place.unwrap_or("nowhere"), 200));
                return Err(UpstreamError::Status { status: status.as_u16(), excerpt });
            }
            status if !status.is_success() => {
                let start = Limited::new(body, ERROR_BYTES).collect().await;
                let start = start.map(|body| body.to_bytes()).unwrap_or_default();
                // The modern era answers protocol errors with 4xx and a JSON-RPC body.
                match Message::read(&start) {
                    Ok(Message::Answer(own, _)) if json && own == id => Body::Whole(start),
                    _ => {
                        return Err(UpstreamError::Status {
                            status: status.as_u16(),
                            excerpt: excerpt(&start),
                        });
                    }
                }
            }
            _ if json => Body::Json(body, BytesMut::new()),
            _ if events => {
                Body::Events(Box::pin(SseStream::new(Limited::new(body, limit).map_err(BoxError))))
            }
            status => {
                let what = format!("HTTP {} with content type \"{kind}\"", status.as_u16());
                return Err(UpstreamError::Junk(what));
            }
        };
        Ok(Self { id, limit, body, back: None })
    }

    /// The same exchange with a way back.
    pub(super) fn with(mut self, back: Back) -> Self {
        self.back = Some(back);
        self
    }

    pub(crate) async fn next(&mut self) -> Result<RawEvent, UpstreamError> {
        loop {
            let message = self.message().await?;
            match Message::read(&message)? {
                Message::Answer(id, answer) if id == self.id => {
                    if let Some(back) = &mut self.back {
                        back.settle();
                    }
                    return Ok(RawEvent::Answer(answer));
                }
                Message::Answer(..) if matches!(self.body, Body::Events(_)) => {}
                Message::Answer(..) => {
                    return Err(UpstreamError::Junk("an answer to another request".into()));
                }
                Message::Notification(method, params) => {
                    return Ok(RawEvent::Notification(method, params));
                }
                Message::Request(id, method) => {
                    if let Some(back) = &self.back {
                        back.send(request::answer_to(&id, &method));
                    }
                }
            }
        }
    }

    /// The answer, whatever else comes.
    pub(super) async fn answer(mut self) -> Result<Answer, UpstreamError> {
        loop {
            if let RawEvent::Answer(answer) = self.next().await? {
                return Ok(answer);
            }
        }
    }

    async fn message(&mut self) -> Result<Bytes, UpstreamError> {
        match &mut self.body {
            Body::Whole(body) => match std::mem::take(body) {
                empty if empty.is_empty() => Err(UpstreamError::Ended("nothing more came".into())),
                whole => Ok(whole),
            },
            Body::Json(body, so_far) => {
                let whole =
                    collect(body, so_far, self.limit).await.map_err(|unread| match unread {
                        Unread::TooLarge => UpstreamError::TooLarge(self.limit),
                        Unread::Broken(error) => UpstreamError::Ended(error.to_string()),
                    })?;
                self.body = Body::Whole(Bytes::new());
                Ok(whole)
            }
            Body::Events(events) => loop {
                match events.next().await {
                    Some(Ok(Sse { data: Some(data), .. })) if !data.is_empty() => {
                        return Ok(Bytes::from(data));
                    }
                    // Priming events and keep-alives hold no data.
                    Some(Ok(_)) => {}
                    Some(Err(error)) if error.to_string().contains("length limit") => {
                        return Err(UpstreamError::TooLarge(self.limit));
                    }
                    Some(Err(error)) => return Err(UpstreamError::Ended(error.to_string())),
                    None => return Err(UpstreamError::Ended("the stream ended".into())),
                }
            },
        }
    }
}

impl Back {
    pub(super) const fn new(open: Arc<Open>, id: u64) -> Self {
        Self { open, id, settled: false }
    }

    /// There is nothing to cancel any more.
    pub(super) const fn settle(&mut self) {
        self.settled = true;
    }

    /// Sends a message without waiting for it. A server that has too many of them under way gets
    /// no more.
    fn send(&self, message: Bytes) {
        let Ok(place) = Arc::clone(&self.open.line.backs).try_acquire_owned() else { return };
        let open = Arc::clone(&self.open);
        self.open.line.tasks.spawn_until_stop(async move {
            let sent = open.line.post(&open.uri, open.headers.clone(), message);
            let sent = tokio::time::timeout(BACK_TIME, sent).await;
            tracing::trace!(ok = matches!(sent, Ok(Ok(_))), "sent a message back upstream");
            drop(place);
        });
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        // In the modern era the closed connection says it.
        if !self.settled && self.open.era == Era::Legacy {
            self.send(request::cancelled(self.id));
        }
    }
}

/// Gives a boxed error the trait that the event stream asks for.
#[derive(Debug)]
struct BoxError(Box<dyn std::error::Error + Send + Sync>);

impl fmt::Display for BoxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for BoxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
