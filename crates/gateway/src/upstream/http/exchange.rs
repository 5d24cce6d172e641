use std::{
    collections::VecDeque,
    fmt,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use gatehall_domain::names::shown;
use http::{HeaderMap, Response, StatusCode, header::LOCATION};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use super::{
    back::Back,
    events::{Cursor, Events},
    headers::{content_type, encoding},
    open::Open,
    resume::{self, Rest},
    stray::Stray,
};
use crate::{
    body::{Unread, poll_collect},
    json::Skim,
    upstream::{
        answer::{Answer, Message},
        error::UpstreamError,
        messages::{Untaken, messages},
        wire::{RawEvent, Wire},
        words::words,
    },
};

/// How much of an error page is read.
const ERROR_BYTES: usize = 64 << 10;

/// One POST under way: the answer as JSON, or a stream of messages that ends with it.
pub(super) struct HttpExchange {
    id: u64,
    limit: usize,
    status: StatusCode,
    body: Body,
    /// Messages that came with others and were not looked at yet.
    waiting: VecDeque<Bytes>,
    /// Whether what is no message is passed over, since others come.
    is_lenient: bool,
    /// Whether the stream was taken up again.
    is_resumed: bool,
    /// An answer that came instead of ours.
    stray: Option<Box<Stray>>,
    back: Option<Back>,
}

enum Body {
    /// A JSON answer, as far as it has come.
    Json(Incoming, BytesMut),
    /// A complete answer.
    Whole(Bytes),
    /// A stream of events.
    Events(Events),
    /// A stream that is taken up again.
    Rest(Rest),
    /// Nothing more comes.
    Over,
}

impl fmt::Debug for HttpExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpExchange({})", self.id)
    }
}

impl HttpExchange {
    /// Looks at the head of an answer.
    pub(super) async fn new(
        response: Response<Incoming>,
        id: u64,
        limit: usize,
    ) -> Result<Self, UpstreamError> {
        let (head, body) = response.into_parts();
        let (status, number) = (head.status, head.status.as_u16());
        let kind = content_type(&head.headers);
        let (json, events) = (
            kind.eq_ignore_ascii_case("application/json"),
            kind.eq_ignore_ascii_case("text/event-stream"),
        );
        let encoding = encoding(&head.headers);
        let body = match status {
            status if status.is_redirection() => {
                let place = head.headers.get(LOCATION).and_then(|value| value.to_str().ok());
                let excerpt = format!("it sends to {}", shown(place.unwrap_or("nowhere"), 200));
                return Err(UpstreamError::Status { status: number, excerpt });
            }
            status if !status.is_success() => {
                let start = Limited::new(body, ERROR_BYTES).collect().await;
                let start = start.map(|body| body.to_bytes()).ok().filter(|_| encoding.is_none());
                let start = start.unwrap_or_default();
                if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                    return Err(UpstreamError::Refused { status: number, excerpt: words(&start) });
                }
                // The modern era answers protocol errors with 4xx and a JSON-RPC body.
                match Message::read(&start) {
                    Ok(Message::Answer(own, _)) if json && own == id => Body::Whole(start),
                    _ => {
                        let excerpt = words(&start);
                        return Err(UpstreamError::Status { status: number, excerpt });
                    }
                }
            }
            _ if let Some(encoding) = encoding.filter(|_| json || events) => {
                return Err(UpstreamError::Encoded(encoding));
            }
            _ if json => Body::Json(body, BytesMut::new()),
            _ if events => Body::Events(Events::new(body, limit, Cursor::default())),
            _ => {
                let what = format!("HTTP {number} with content type \"{kind}\"");
                return Err(UpstreamError::Junk(what));
            }
        };
        Ok(Self {
            id,
            limit,
            status,
            body,
            waiting: VecDeque::new(),
            is_lenient: events,
            is_resumed: false,
            stray: None,
            back: None,
        })
    }

    /// Sends a request in a session, and looks at the head of the answer.
    pub(super) async fn begin(
        open: &Arc<Open>,
        id: u64,
        message: Bytes,
        headers: HeaderMap,
    ) -> Result<Self, UpstreamError> {
        // From here on the server may be at work.
        let mut back = Back::new(Arc::clone(open), id);
        let line = &open.line;
        let exchange = match line.post(&open.uri, headers, message).await {
            Ok(response) => Self::new(response, id, line.response_bytes).await,
            Err(error) => Err(error),
        };
        match exchange {
            Ok(exchange) => Ok(Self { back: Some(back), ..exchange }),
            Err(error) => {
                back.refused(&error);
                Err(error)
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<RawEvent, UpstreamError>> {
        loop {
            let Some(message) = ready!(self.poll_message(cx))? else {
                return Poll::Ready(self.end());
            };
            let event = match Message::read(&message) {
                Ok(Message::Answer(id, answer)) if id == self.id => RawEvent::Answer(answer),
                Ok(Message::Answer(_, answer)) => {
                    self.stray = Some(Stray::new(&message, Some(answer)));
                    continue;
                }
                Ok(Message::Notification(method, params)) if self.may_have(&method) => {
                    RawEvent::Notification(method, params)
                }
                Ok(Message::Notification(..)) => continue,
                Ok(Message::Request(question)) => RawEvent::Question(question),
                // Ours is not passed over: no other comes.
                Err(error) if !self.is_lenient || Skim::id_of(&message) == Some(self.id) => {
                    return Poll::Ready(Err(match Stray::answering(&message) {
                        Some(stray) => stray.wrong_id(self.id),
                        None => error,
                    }));
                }
                Err(error) => {
                    self.stray = Stray::answering(&message).or(self.stray.take());
                    tracing::trace!(%error, "passed over what is no message");
                    continue;
                }
            };
            return Poll::Ready(Ok(event));
        }
    }

    /// A stream that is taken up again may be another one than it was, if the server has it so:
    /// then what is logged there may be about others.
    fn may_have(&self, method: &str) -> bool {
        let of_one_caller = self.back.as_ref().is_some_and(|it| it.open().line.of_one_caller);
        !self.is_resumed || of_one_caller || method != "notifications/message"
    }

    /// Nothing more comes, and our answer did not.
    fn end(&mut self) -> Result<RawEvent, UpstreamError> {
        let Some(stray) = self.stray.take() else {
            return Err(UpstreamError::Ended("the stream ended".into()));
        };
        match *stray {
            // Of a request that it could not read, a server does not know the id.
            Stray { id: None, error: Some(error) } => {
                if let Some(back) = &self.back {
                    back.open().standing.doubt(false);
                }
                Ok(RawEvent::Answer(Answer::Error(error)))
            }
            stray => Err(stray.wrong_id(self.id)),
        }
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, UpstreamError>> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Poll::Ready(Ok(Some(message)));
            }
            let text = match &mut self.body {
                Body::Over => return Poll::Ready(Ok(None)),
                Body::Whole(body) => {
                    let whole = std::mem::take(body);
                    self.body = Body::Over;
                    whole
                }
                Body::Json(body, so_far) => {
                    let whole = ready!(poll_collect(body, so_far, self.limit, cx));
                    let whole = whole.map_err(|unread| match unread {
                        Unread::TooLarge => UpstreamError::TooLarge(self.limit),
                        Unread::Broken(error) => UpstreamError::Ended(error.to_string()),
                    })?;
                    self.body = Body::Over;
                    whole
                }
                Body::Events(events) => match ready!(events.poll_next(cx)) {
                    Ok(Some(data)) => data,
                    Err(error @ UpstreamError::TooLarge(_)) => return Poll::Ready(Err(error)),
                    ended => {
                        let back = self.back.as_ref();
                        let rest = back
                            .and_then(|back| resume::rest(back.open(), &events.cursor, self.limit));
                        match rest {
                            Some(rest) => self.body = Body::Rest(rest),
                            None => {
                                self.body = Body::Over;
                                ended?;
                            }
                        }
                        continue;
                    }
                },
                Body::Rest(rest) => {
                    let events = ready!(rest.as_mut().poll(cx));
                    self.body = Body::Over;
                    self.body = Body::Events(events?);
                    self.is_resumed = true;
                    continue;
                }
            };
            let parts = match (messages(&text), &self.body) {
                (Ok(Some(parts)), _) => parts,
                (Ok(None), _) => return Poll::Ready(Ok(Some(text))),
                // In a stream others may tell of something else.
                (Err(Untaken::Broken(_)), Body::Events(_)) => continue,
                (Err(untaken), _) => return Poll::Ready(Err(untaken.into())),
            };
            self.is_lenient = true;
            self.waiting.extend(parts);
        }
    }
}

impl Wire for HttpExchange {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<RawEvent, UpstreamError>> {
        let next = ready!(self.poll_event(cx));
        if let Some(back) = &mut self.back {
            back.note(self.status, &next);
        }
        Poll::Ready(next)
    }

    fn send(&mut self, message: Bytes) {
        if let Some(back) = &self.back {
            back.send(message);
        }
    }
}
