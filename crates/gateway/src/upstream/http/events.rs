//! Event streams, as the HTML standard has them.

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use http::HeaderValue;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use sse_stream::{Sse, SseByteStream};

use crate::upstream::error::UpstreamError;

/// A longer id is none that a server could want to see again.
const LONGEST_ID: usize = 4096;

/// The messages of a stream.
pub(super) struct Events {
    events: Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>> + Send>>,
    limit: usize,
    /// Where it stands.
    pub(super) cursor: Cursor,
}

/// Where a stream can be taken up again, and after how long.
#[derive(Debug, Default, Clone)]
pub(super) struct Cursor {
    pub(super) last_id: Option<HeaderValue>,
    pub(super) retry: Option<Duration>,
    /// How often in a row the stream was taken up again and brought no message.
    pub(super) empty: u32,
}

impl Events {
    /// The stream that a body is. It goes on where another stood, or begins anew.
    pub(super) fn new<B>(body: B, limit: usize, cursor: Cursor) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut utf8 = Utf8::default();
        let bytes = Limited::new(body, limit).into_data_stream();
        let bytes = bytes.map_ok(move |piece| utf8.mend(piece)).map_err(Broken);
        Self { events: Box::pin(SseByteStream::new(bytes)), limit, cursor }
    }

    /// The data of the next message, if there is one. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The same, polled.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, UpstreamError>> {
        while let Some(event) = ready!(self.events.poll_next_unpin(cx)) {
            let event = event.map_err(|error| self.broken(error))?;
            self.cursor.pass(&event);
            let is_message = matches!(event.event.as_deref(), None | Some("" | "message"));
            // Those that tell where the stream stands, and keep-alives, hold no data.
            let data = event.data.filter(|data| is_message && !data.trim().is_empty());
            if let Some(data) = data {
                self.cursor.empty = 0;
                return Poll::Ready(Ok(Some(data.into())));
            }
        }
        Poll::Ready(Ok(None))
    }

    fn broken(&self, error: sse_stream::Error) -> UpstreamError {
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return UpstreamError::TooLarge(self.limit);
            }
            cause = error.source();
        }
        UpstreamError::Ended(error.to_string())
    }
}

impl Cursor {
    fn pass(&mut self, event: &Sse) {
        if let Some(id) = &event.id {
            let id = Some(id.as_bytes()).filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
            self.last_id = id.and_then(|id| HeaderValue::from_bytes(id).ok());
        }
        if let Some(retry) = event.retry {
            self.retry = Some(Duration::from_millis(retry));
        }
    }
}

/// Puts a replacement character where a stream is not UTF-8, as the standard wants it, so that one
/// bad event does not end the stream.
#[derive(Debug, Default)]
struct Utf8 {
    /// The beginning of a character whose end has not come yet.
    begun: Vec<u8>,
}

impl Utf8 {
    fn mend(&mut self, piece: Bytes) -> Bytes {
        if self.begun.is_empty() {
            match str::from_utf8(&piece) {
                Ok(_) => return piece,
                Err(error) if error.error_len().is_none() => {
                    self.begun = piece[error.valid_up_to()..].to_vec();
                    return piece.slice(..error.valid_up_to());
                }
                Err(_) => {}
            }
        }
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(&piece);
        let mut mended = Vec::with_capacity(all.len() + 8);
        let mut rest = all.as_slice();
        while let Err(error) = str::from_utf8(rest) {
            let (valid, bad) = rest.split_at(error.valid_up_to());
            mended.extend_from_slice(valid);
            let Some(length) = error.error_len() else {
                self.begun = bad.to_vec();
                return mended.into();
            };
            mended.extend_from_slice("\u{fffd}".as_bytes());
            rest = &bad[length..];
        }
        mended.extend_from_slice(rest);
        mended.into()
    }
}

/// Gives a boxed error the trait that the event stream asks for.
#[derive(Debug)]
struct Broken(Box<dyn Error + Send + Sync>);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use proptest::prelude::*;

    use super::*;

    /// What is read of a stream that comes in these pieces, and where it stood in the end.
    fn read(pieces: &[&[u8]], limit: usize) -> (Vec<String>, Cursor, Option<UpstreamError>) {
        let frames: Vec<_> = pieces
            .iter()
            .map(|piece| Ok::<_, std::io::Error>(Frame::data(Bytes::copy_from_slice(piece))))
            .collect();
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let mut events = Events::new(body, limit, Cursor::default());
        let mut found = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let error = runtime.block_on(async {
            loop {
                match events.next().await {
                    Ok(Some(data)) => found.push(String::from_utf8(data.to_vec()).unwrap()),
                    Ok(None) => return None,
                    Err(error) => return Some(error),
                }
            }
        });
        (found, events.cursor, error)
    }

    const STREAM: &str = "\u{feff}: hello\nid: 1/a\nretry: 250\ndata:\n\n\
        event: ping\ndata: ping\n\n\
        data: {\"a\":\ndata: \"\u{fc}\"}\n\n\
        event: message\nid: 2\ndata: second\n\n\
        event:\ndata\n\n:\n\nretry: soon\nfoo: bar\nbaz\ndata:third\n\n\
        id: 3\n\ndata: never finished\n";

    #[test]
    fn only_messages_are_read_and_the_place_is_kept() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = STREAM.replace('\n', end);
            let (found, cursor, error) = read(&[stream.as_bytes()], 1 << 20);
            assert!(error.is_none());
            assert_eq!(found, ["{\"a\":\n\"\u{fc}\"}", "second", "third"], "{end:?}");
            assert_eq!(cursor.last_id.unwrap(), "3");
            assert_eq!(cursor.retry, Some(Duration::from_millis(250)));
        }
    }

    #[test]
    fn an_empty_id_takes_the_place_back_and_an_odd_one_is_none() {
        for odd in ["", "a\0b", "a\u{1}b", &"x".repeat(LONGEST_ID + 1)] {
            let stream = format!("id: 1\ndata: x\n\nid: {odd}\ndata: y\n\n");
            let (found, cursor, _) = read(&[stream.as_bytes()], 1 << 20);
            assert_eq!(found.len(), 2);
            // The standard has an id with a null stand for none at all.
            assert_eq!(cursor.last_id.is_some(), odd.contains('\0'), "{odd:?}");
        }
    }

    #[test]
    fn what_is_not_utf8_harms_only_its_own_event() {
        let stream = b"data: \xff\xfe\n\ndata: good\n\nid: \xc3\ndata: x\xe2\x82\n\ndata: end\n\n";
        let (found, _, error) = read(&[stream], 1 << 20);
        assert!(error.is_none());
        assert_eq!(found, ["\u{fffd}\u{fffd}", "good", "x\u{fffd}", "end"]);
    }

    #[test]
    fn a_stream_is_bounded() {
        let event = b"data: 0123456789\n\n";
        let (found, _, error) = read(&[event, event, event], 40);
        assert!(found.len() < 3);
        assert!(matches!(error, Some(UpstreamError::TooLarge(40))), "{error:?}");
    }

    proptest! {
        #[test]
        fn pieces_may_end_anywhere(
            cuts in prop::collection::vec(0_usize..400, 0..12),
            end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        ) {
            let stream = STREAM.replace('\n', end);
            let whole = read(&[stream.as_bytes()], 1 << 20).0;
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(stream.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&stream.as_bytes()[from..cut]);
                from = cut;
            }
            pieces.push(&stream.as_bytes()[from..]);
            prop_assert_eq!(read(&pieces, 1 << 20).0, whole);
        }
    }
}
