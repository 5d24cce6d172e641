use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

/// What is kept of a line that is too long: enough to find whose answer it was.
const KEPT: usize = 256;

/// Splits a process's output into lines of bounded length.
#[derive(Debug)]
pub(super) struct Lines {
    limit: usize,
    /// How far the buffer has been searched.
    searched: usize,
    /// Head and tail of the line that is being thrown away.
    discarding: Option<(Bytes, BytesMut)>,
}

/// A line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Whole(Bytes),
    /// Too long: how it began and how it ended.
    Overlong(Bytes, Bytes),
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
        if let Some((head, mut tail)) = self.discarding.take() {
            keep_tail(&mut tail, &buffer[..length]);
            self.searched = 0;
            buffer.advance(end.map_or(length, |end| end + 1));
            if end.is_some() {
                return Ok(Some(Line::Overlong(head, tail.freeze())));
            }
            self.discarding = Some((head, tail));
            return Ok(None);
        }
        if length > self.limit {
            let head = Bytes::copy_from_slice(&buffer[..KEPT.min(length)]);
            self.discarding = Some((head, BytesMut::new()));
            return self.decode(buffer);
        }
        let Some(end) = end else { return Ok(None) };
        let line = buffer.split_to(end).freeze();
        buffer.advance(1);
        Ok(Some(Line::Whole(line)))
    }
}

fn keep_tail(tail: &mut BytesMut, more: &[u8]) {
    tail.extend_from_slice(&more[more.len().saturating_sub(KEPT)..]);
    if tail.len() > KEPT {
        tail.advance(tail.len() - KEPT);
    }
}

/// The id of ours that an answer has which was too long, by its head and its tail. In the head it
/// stands before the result; what looks like an id within the result is none.
pub(super) fn whose(head: &[u8], tail: &[u8]) -> Option<u64> {
    let (head, tail) = (String::from_utf8_lossy(head), String::from_utf8_lossy(tail));
    let body = head.find("\"result\"").or_else(|| head.find("\"error\"")).unwrap_or(head.len());
    let (_, behind) = head[..body].split_once("\"id\":").or_else(|| tail.rsplit_once("\"id\":"))?;
    let digits: String = behind.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
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
        let [Line::Overlong(head, tail), Line::Whole(ok)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((whose(head, tail), ok.as_ref()), (Some(7), &b"ok"[..]));
        let long = format!("{{\"result\":\"{}\",\"id\":12}}\n", "x".repeat(1000));
        let found = lines(100, &[&long]);
        let [Line::Overlong(head, tail)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(whose(head, tail), Some(12));
        let head = br#"{"jsonrpc":"2.0","id":7,"result":{"structuredContent":["#;
        assert_eq!(whose(head, br#"{"id":12}]}}"#), Some(7));
    }
}
