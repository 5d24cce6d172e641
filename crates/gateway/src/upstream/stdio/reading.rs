//! What a process writes to its standard output: one message on each line, as a rule.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use gatehall_domain::names::shown;
use serde_json::value::RawValue;
use tokio::{io::AsyncRead, sync::mpsc};
use tokio_util::codec::FramedRead;

use super::{
    lines::{Line, Lines},
    waiters::Waiters,
};
use crate::{
    json::Skim,
    upstream::{
        answer::Message,
        error::UpstreamError,
        messages::{MOST, Untaken, messages},
    },
};

/// How much of a line is shown, in characters.
const SHOWN: usize = 400;

/// Reads until the process closes its output.
pub(super) async fn read<R: AsyncRead + Unpin>(
    mut lines: FramedRead<R, Lines>,
    limit: usize,
    waiters: Arc<Waiters>,
    input: mpsc::WeakSender<Bytes>,
) {
    while let Some(Ok(line)) = lines.next().await {
        match line {
            Line::Whole(line) => match Message::read(&line) {
                Ok(message) => take(message, &line, &waiters, &input),
                Err(_) => take_apart(&line, &waiters, &input),
            },
            Line::Overlong(_, Some(id)) => {
                waiters.answer(id, Err(UpstreamError::TooLarge(limit)));
            }
            Line::Overlong(start, None) => waiters.stray(|| excerpt(&start)),
        }
    }
}

fn take(message: Message, text: &[u8], waiters: &Waiters, input: &mpsc::WeakSender<Bytes>) {
    match message {
        // An error without an id may be about anything that was sent.
        Message::Answer(0, _) => waiters.stray(|| excerpt(text)),
        Message::Answer(id, answer) => waiters.answer(id, Ok(answer)),
        Message::Notification(method, params) => waiters.note(method, params),
        Message::Request(question) => {
            if let (Some(question), Some(input)) = (waiters.ask(question), input.upgrade()) {
                let _ = input.try_send(question.answered_by_gate());
            }
        }
    }
}

/// Takes what is on a line that is not one message. What it begins with counts, and all of it only
/// if it is nothing but messages: behind anything else a server may write what callers sent it.
/// Where only the id can be read, its request ends, since it gets no other answer.
fn take_apart(line: &Bytes, waiters: &Waiters, input: &mpsc::WeakSender<Bytes>) {
    let parts = match parts(line) {
        Ok(parts) => parts,
        Err(refused) => return waiters.stray(|| refused.to_string()),
    };
    let read: Vec<_> = parts.iter().map(|part| (part, Message::read(part))).collect();
    let speaks = |(part, message): &(&Bytes, Result<Message, _>)| {
        message.is_ok() || Skim::id_of(part).is_some()
    };
    let counts = match read.iter().all(speaks) {
        true => read.len(),
        false => usize::from(read.first().is_some_and(speaks)),
    };
    if counts < read.len() {
        // What was a message before it is nothing to show.
        let rest = read.get(counts).map_or(&line[..], |(part, _)| part);
        waiters.stray(|| excerpt(if counts == 0 { line } else { rest }));
    }
    for (part, message) in read.into_iter().take(counts) {
        match (message, Skim::id_of(part)) {
            (Ok(message), _) => take(message, part, waiters, input),
            (Err(error), Some(id)) => end_unread(id, part, error, waiters),
            (Err(_), None) => {}
        }
    }
}

fn end_unread(id: u64, part: &[u8], error: UpstreamError, waiters: &Waiters) {
    let flaw = flaw(part, error);
    let quoted = waiters.secrets.quote(&format!("{flaw}: {}", excerpt(part)));
    tracing::debug!(quoted, "an answer of a process cannot be read");
    // Where messages run into each other, one may hold words of another's.
    let told = if waiters.is_of_one() { quoted } else { flaw };
    waiters.answer(id, Err(UpstreamError::Unreadable(told)));
}

/// Why a text is no message.
fn flaw(text: &[u8], error: UpstreamError) -> String {
    match (serde_json::from_slice::<&RawValue>(text), error) {
        (Err(flaw), _) => format!("it is no JSON, {flaw}"),
        (Ok(_), UpstreamError::Junk(what)) => what,
        (Ok(_), error) => error.to_string(),
    }
}

/// How a text begins, fit to be shown.
fn excerpt(text: &[u8]) -> String {
    // A character has four bytes at most, so that a text that is cut is seen to be.
    let start = &text[..text.len().min(4 * (SHOWN + 1))];
    shown(String::from_utf8_lossy(start).trim(), SHOWN).into_owned()
}

/// The values on a line: more than one if the end of a line between them was forgotten, or if it
/// is a list of messages. What follows anything else belongs to it, since a server may write there
/// what others sent it.
fn parts(line: &Bytes) -> Result<Vec<Bytes>, Untaken> {
    let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let mut rest = text.trim_ascii();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(end_of_value(rest).unwrap_or(rest.len()));
        let part = line.slice_ref(part);
        match messages(&part) {
            Ok(Some(list)) => parts.extend(list),
            Err(Untaken::TooMany) => return Err(Untaken::TooMany),
            Ok(None) | Err(Untaken::Broken(_)) => parts.push(part),
        }
        if parts.len() > MOST {
            return Err(Untaken::TooMany);
        }
        rest = after.trim_ascii_start();
    }
    Ok(parts)
}

/// Where an object or a list ends that a text begins with, by its brackets.
fn end_of_value(text: &[u8]) -> Option<usize> {
    if !matches!(text.first(), Some(b'{' | b'[')) {
        return None;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &'static [u8]) -> Vec<Bytes> {
        parts(&Bytes::from_static(line)).unwrap()
    }

    #[test]
    fn a_line_is_taken_apart_where_a_value_ends_and_nowhere_else() {
        for (line, expected) in [
            (&br#"{"a":"}{"} {"b":[1]}"#[..], &[&br#"{"a":"}{"}"#[..], br#"{"b":[1]}"#][..]),
            (br#"{"a":NaN}{"b":1}"#, &[br#"{"a":NaN}"#, br#"{"b":1}"#]),
            (b"\xef\xbb\xbf{\"a\":1}\r", &[br#"{"a":1}"#]),
            (br#"[{"a":1}, {"b":2}]"#, &[br#"{"a":1}"#, br#"{"b":2}"#]),
            (b"[NaN]", &[b"[NaN]"]),
            (b"{\"a\":\"\xff\"}{}", &[b"{\"a\":\"\xff\"}", b"{}"]),
            (br#"{"a":1} and {"b":2}"#, &[br#"{"a":1}"#, br#"and {"b":2}"#]),
            (br#"got {"b":2}"#, &[br#"got {"b":2}"#]),
            (br#"{"a":"{"b":2}"#, &[br#"{"a":"{"b":2}"#]),
            (b"}{", &[b"}{"]),
            (b" \t", &[]),
        ] {
            assert_eq!(split(line), expected, "{}", String::from_utf8_lossy(line));
        }
        for most in ["{}".repeat(MOST), format!("{{}}[{}0]", "0,".repeat(MOST - 2))] {
            assert_eq!(parts(&most.clone().into()).unwrap().len(), MOST);
            let many = most + &"{}".repeat(100_000);
            assert!(matches!(parts(&many.into()), Err(Untaken::TooMany)));
        }
    }

    #[test]
    fn what_is_shown_of_a_line_is_bounded_and_seen_to_be_cut() {
        for character in ["x", "\u{1f600}"] {
            let text = excerpt(character.repeat(10_000).as_bytes());
            assert_eq!(text.chars().count(), SHOWN + 1);
            assert!(text.ends_with('\u{2026}'), "{text}");
        }
        assert_eq!(excerpt(b"a\xff\x1bb\r"), "a\u{fffd} b");
    }
}
