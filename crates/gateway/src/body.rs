use std::{
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{body::Body, response::Response};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use http_body::{Body as _, Frame, SizeHint};

/// A piece of this size or more is passed on as it is; a smaller one is cheaper to copy.
const WORTH_SHARING: usize = 8 << 10;

/// An answer in pieces. Small ones are put together, large ones are sent without a copy.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    whole: Vec<Bytes>,
    tail: BytesMut,
    length: usize,
}

impl Parts {
    /// Room for an answer of about this size.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let tail = BytesMut::with_capacity(capacity.min(WORTH_SHARING));
        Self { whole: Vec::new(), tail, length: 0 }
    }

    /// Adds text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.length += text.len();
        self.tail.extend_from_slice(text.as_bytes());
        self
    }

    /// Adds bytes that are shared with others.
    pub(crate) fn bytes(&mut self, bytes: &Bytes) -> &mut Self {
        self.length += bytes.len();
        if bytes.len() < WORTH_SHARING {
            self.tail.extend_from_slice(bytes);
        } else {
            self.settle();
            self.whole.push(bytes.clone());
        }
        self
    }

    /// Adds all of another answer.
    pub(crate) fn append(&mut self, other: Self) -> &mut Self {
        for part in &other.whole {
            self.bytes(part);
        }
        self.length += other.tail.len();
        self.tail.extend_from_slice(&other.tail);
        self
    }

    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    fn settle(&mut self) {
        if !self.tail.is_empty() {
            self.whole.push(self.tail.split().freeze());
        }
    }

    /// The whole answer in one piece.
    pub(crate) fn join(mut self) -> Bytes {
        if self.whole.is_empty() {
            return self.tail.freeze();
        }
        self.settle();
        match self.whole.as_slice() {
            [only] => only.clone(),
            all => all.concat().into(),
        }
    }

    /// An HTTP answer with a JSON body.
    pub(crate) fn json(mut self, status: StatusCode) -> Response {
        let body = match self.whole.is_empty() {
            true => Body::from(self.tail.freeze()),
            false => {
                self.settle();
                Body::new(Pieces { length: self.length, left: self.whole.into_iter() })
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// A body of several pieces whose length is known.
struct Pieces {
    left: std::vec::IntoIter<Bytes>,
    length: usize,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.left.next();
        if let Some(part) = &next {
            self.length -= part.len();
        }
        Poll::Ready(next.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.length == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length as u64)
    }
}

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum Unread<E> {
    /// It is larger than allowed.
    TooLarge,
    /// It broke off.
    Broken(E),
}

/// Reads a body of bounded size. A body that comes in one piece is not copied.
pub(crate) async fn collect<B>(body: &mut B, limit: usize) -> Result<Bytes, Unread<B::Error>>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let mut so_far = BytesMut::new();
    poll_fn(|cx| poll_collect(body, &mut so_far, limit, cx)).await
}

/// The same, polled. What has come is kept in `so_far`.
pub(crate) fn poll_collect<B>(
    body: &mut B,
    so_far: &mut BytesMut,
    limit: usize,
    cx: &mut Context<'_>,
) -> Poll<Result<Bytes, Unread<B::Error>>>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > limit as u64 {
        return Poll::Ready(Err(Unread::TooLarge));
    }
    while let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(cx)) {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else { continue };
        if so_far.len() + data.len() > limit {
            return Poll::Ready(Err(Unread::TooLarge));
        }
        if so_far.is_empty() && body.is_end_stream() {
            return Poll::Ready(Ok(data));
        }
        so_far.extend_from_slice(&data);
    }
    Poll::Ready(Ok(std::mem::take(so_far).freeze()))
}
