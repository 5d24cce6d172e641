use std::{collections::VecDeque, fmt};

use bytes::{Bytes, BytesMut};
use gatehall_domain::names::shown;
use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION},
};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use super::{
    back::Back,
    events::{Cursor, Events},
    resume::{self, Rest},
    stray::Stray,
};
use crate::{
    body::{Unread, collect},
    json::Skim,
    upstream::{
        Answer, UpstreamError,
        answer::Message,
        messages::{Untaken, messages},
        raw::RawEvent,
        request,
        words::words,
    },
};

/// How much of an error page is read.
const ERROR_BYTES: usize = 64 << 10;

/// One POST under way: the answer as JSON, or a stream of messages that ends with it.
pub(crate) struct HttpExchange {
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

/// What a body is said to be, without parameters.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    shown(kind.split(';').next().unwrap_or("").trim(), 100).into_owned()
}

/// How a body is encoded, although it was asked not to be.
pub(super) fn encoding(headers: &HeaderMap) -> Option<String> {
    let encoding = headers.get(CONTENT_ENCODING)?.to_str().unwrap_or("?");
    let is_plain = encoding.is_empty() || encoding.eq_ignore_ascii_case("identity");
    (!is_plain).then(|| shown(encoding, 40).into_owned())
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

    /// The same exchange with a way back.
    pub(super) fn with(mut self, back: Back) -> Self {
        self.back = Some(back);
        self
    }

    /// What comes next. May be dropped and called again without losing anything.
    pub(crate) async fn next(&mut self) -> Result<RawEvent, UpstreamError> {
        let next = self.look().await;
        if let Some(back) = &mut self.back {
            back.note(self.status, &next);
        }
        next
    }

    async fn look(&mut self) -> Result<RawEvent, UpstreamError> {
        loop {
            let Some(message) = self.message().await? else { return self.end() };
            match Message::read(&message) {
                Ok(Message::Answer(id, answer)) if id == self.id => {
                    return Ok(RawEvent::Answer(answer));
                }
                Ok(Message::Answer(_, answer)) => {
                    self.stray = Some(Stray::new(&message, Some(answer)));
                }
                Ok(Message::Notification(method, params)) if self.may_have(&method) => {
                    return Ok(RawEvent::Notification(method, params));
                }
                Ok(Message::Notification(..)) => {}
                Ok(Message::Request(id, method)) => {
                    if let Some(back) = &self.back {
                        back.send(request::answer_to(&id, &method));
                    }
                }
                // Ours is not passed over: no other comes.
                Err(error) if !self.is_lenient || Skim::id_of(&message) == Some(self.id) => {
                    return Err(match Stray::answering(&message) {
                        Some(stray) => stray.wrong_id(self.id),
                        None => error,
                    });
                }
                Err(error) => {
                    self.stray = Stray::answering(&message).or(self.stray.take());
                    tracing::trace!(%error, "passed over what is no message");
                }
            }
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

    /// The answer, whatever else comes.
    pub(super) async fn answer(mut self) -> Result<Answer, UpstreamError> {
        loop {
            if let RawEvent::Answer(answer) = self.next().await? {
                return Ok(answer);
            }
        }
    }

    async fn message(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(Some(message));
            }
            let text = match &mut self.body {
                Body::Over => return Ok(None),
                Body::Whole(body) => {
                    let whole = std::mem::take(body);
                    self.body = Body::Over;
                    whole
                }
                Body::Json(body, so_far) => {
                    let whole = collect(body, so_far, self.limit).await;
                    let whole = whole.map_err(|unread| match unread {
                        Unread::TooLarge => UpstreamError::TooLarge(self.limit),
                        Unread::Broken(error) => UpstreamError::Ended(error.to_string()),
                    })?;
                    self.body = Body::Over;
                    whole
                }
                Body::Events(events) => match events.next().await {
                    Ok(Some(data)) => data,
                    Err(error @ UpstreamError::TooLarge(_)) => return Err(error),
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
                    let events = rest.as_mut().await;
                    self.body = Body::Over;
                    self.body = Body::Events(events?);
                    self.is_resumed = true;
                    continue;
                }
            };
            let parts = match (messages(&text), &self.body) {
                (Ok(Some(parts)), _) => parts,
                (Ok(None), _) => return Ok(Some(text)),
                // In a stream others may tell of something else.
                (Err(Untaken::Broken(_)), Body::Events(_)) => continue,
                (Err(untaken), _) => return Err(untaken.into()),
            };
            self.is_lenient = true;
            self.waiting.extend(parts);
        }
    }
}
