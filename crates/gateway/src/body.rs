use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{body::Body, response::Response};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use http_body::{Frame, SizeHint};

/// Below this an answer is copied into one piece, which is cheaper than sending several.
const SMALL: usize = 16 << 10;

/// An answer in several pieces, sent one behind the other without being copied together.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    parts: VecDeque<Bytes>,
    length: usize,
}

impl Parts {
    /// Adds a piece.
    pub(crate) fn push(&mut self, part: impl Into<Bytes>) {
        let part = part.into();
        if !part.is_empty() {
            self.length += part.len();
            self.parts.push_back(part);
        }
    }

    /// Adds all pieces of another answer.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.length += other.length;
        self.parts.append(&mut other.parts);
    }

    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    /// The whole answer in one piece.
    pub(crate) fn join(self) -> Bytes {
        let mut whole = BytesMut::with_capacity(self.length);
        for part in self.parts {
            whole.extend_from_slice(&part);
        }
        whole.freeze()
    }

    /// An HTTP answer with a JSON body.
    pub(crate) fn json(self, status: StatusCode) -> Response {
        let body = if self.length <= SMALL { Body::from(self.join()) } else { Body::new(self) };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.parts.pop_front();
        if let Some(part) = &next {
            self.length -= part.len();
        }
        Poll::Ready(next.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length as u64)
    }
}
