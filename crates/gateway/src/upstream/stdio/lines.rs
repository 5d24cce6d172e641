use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

use crate::json::Skim;

/// What is kept of a line that is too long, to be shown.
const KEPT: usize = 256;

/// Splits a process's output into lines of bounded length.
#[derive(Debug)]
pub(super) struct Lines {
    limit: usize,
    /// How far the buffer has been searched.
    searched: usize,
    /// How the line began that is being thrown away, and what is read of it on its way.
    discarding: Option<(Bytes, Skim)>,
}

/// A line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Whole(Bytes),
    /// Too long: how it began, and the request of ours that it answers, if it is an answer.
    Overlong(Bytes, Option<u64>),
}

impl Lines {
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit, searched: 0, discarding: None }
    }
}

impl Decoder for Lines {
    type Item = Line;
    type Error = std::io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Line>, std::io::Error> {
        let end = buffer[self.searched..].iter().position(|byte| *byte == b'\n');
        let end = end.map(|at| self.searched + at);
        self.searched = end.map_or(buffer.len(), |_| 0);
        let length = end.unwrap_or(buffer.len());
        if let Some((head, mut skim)) = self.discarding.take() {
            skim.feed(&buffer[..length]);
            self.searched = 0;
            buffer.advance(end.map_or(length, |end| end + 1));
            if end.is_some() {
                return Ok(Some(Line::Overlong(head, skim.id())));
            }
            self.discarding = Some((head, skim));
            return Ok(None);
        }
        if length > self.limit {
            let head = Bytes::copy_from_slice(&buffer[..KEPT.min(length)]);
            self.discarding = Some((head, Skim::default()));
            return self.decode(buffer);
        }
        let Some(end) = end else { return Ok(None) };
        let line = buffer.split_to(end).freeze();
        buffer.advance(1);
        Ok(Some(Line::Whole(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(limit: usize, chunks: &[&str]) -> Vec<Line> {
        let (mut decoder, mut buffer, mut found) = (Lines::new(limit), BytesMut::new(), Vec::new());
        for chunk in chunks {
            buffer.extend_from_slice(chunk.as_bytes());
            while let Some(line) = decoder.decode(&mut buffer).unwrap() {
                found.push(line);
            }
        }
        found
    }

    #[test]
    fn splits_wherever_the_pieces_end() {
        let whole = |text: &'static str| Line::Whole(Bytes::from_static(text.as_bytes()));
        assert_eq!(lines(10, &["a\nb", "c\n", "\nd"]), [whole("a"), whole("bc"), whole("")]);
    }

    #[test]
    fn throws_away_what_is_too_long_and_goes_on() {
        let long = format!("{{\"id\":7,\"result\":\"{}", "x".repeat(1000));
        let found = lines(100, &[&long, "yyy\",\"jsonrpc\":\"2.0\"}", "\nok\n"]);
        let [Line::Overlong(head, id), Line::Whole(ok)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((*id, ok.as_ref()), (Some(7), &b"ok"[..]));
        assert!(head.starts_with(b"{\"id\":7,"));
        // What only looks like the id, within the answer, is none.
        let long = "x".repeat(1000);
        let sly = format!("{{\"r\\u0065sult\":{{\"id\":8,\"a\":\"{long}\"}},\"id\":7}}\n");
        let found = lines(100, &[&sly]);
        assert!(matches!(&found[..], [Line::Overlong(_, Some(7))]), "{found:?}");
    }
}
