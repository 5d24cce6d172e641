//! What no strict parser of JSON takes, wherever it stands: half characters, and numbers that are
//! too large to be held.

use std::borrow::Cow;

use memchr::memchr2;
use serde_json::Number;

/// Numbers that are longer lose digits. Python refuses integers of more than 4300.
const LONGEST_NUMBER: usize = 64;

/// What was mended in a text.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Mended {
    /// Halves of characters were replaced.
    pub(super) halves: bool,
    /// Numbers were brought to what a client can hold.
    pub(super) numbers: bool,
}

/// The same JSON, as every parser takes it. The text is valid otherwise.
pub(super) fn mend(text: &str) -> (Cow<'_, str>, Mended) {
    let bytes = text.as_bytes();
    let (mut mended, mut found) = (String::new(), Mended::default());
    // What stands before this is in `mended` already.
    let (mut taken, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while let Some(next) = bytes.get(at..).and_then(|it| memchr2(b'"', b'\\', it)) {
                    at += next;
                    if bytes[at] == b'"' {
                        break;
                    }
                    match escape(&bytes[at..]) {
                        Escape::Fine(length) => at += length,
                        Escape::Half => {
                            mended.push_str(&text[taken..at]);
                            mended.push_str("\\ufffd");
                            at += 6;
                            taken = at;
                            found.halves = true;
                        }
                    }
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let part =
                    |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let end = at + bytes[at..].iter().take_while(|byte| part(byte)).count();
                if let Some(other) = held(&text[at..end]) {
                    mended.push_str(&text[taken..at]);
                    mended.push_str(&other);
                    taken = end;
                    found.numbers = true;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    if taken == 0 {
        return (Cow::Borrowed(text), found);
    }
    mended.push_str(&text[taken..]);
    (Cow::Owned(mended), found)
}

enum Escape {
    /// One of this many bytes.
    Fine(usize),
    /// Half of a character, whose other half is not there.
    Half,
}

/// The escape with which these bytes begin.
fn escape(bytes: &[u8]) -> Escape {
    match unit(bytes) {
        None => Escape::Fine(2),
        Some(0xd800..=0xdbff) => match bytes.get(6..).and_then(unit) {
            Some(0xdc00..=0xdfff) => Escape::Fine(12),
            _ => Escape::Half,
        },
        Some(0xdc00..=0xdfff) => Escape::Half,
        Some(_) => Escape::Fine(6),
    }
}

/// The unit of UTF-16 that is written out here.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// The number that stands for one which clients cannot hold.
fn held(number: &str) -> Option<String> {
    let value: f64 = number.parse().ok()?;
    if value.is_finite() && number.len() <= LONGEST_NUMBER {
        return None;
    }
    Number::from_f64(value.clamp(f64::MIN, f64::MAX)).map(|it| it.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_characters_are_replaced_wherever_they_stand() {
        for (text, expected) in [
            (r#"{"a":"plain \n \" \\ \u00e4"}"#, None),
            (r#""\ud83d\ude00""#, None),
            (r#""\\ud83d""#, None),
            (r#""\ud83d""#, Some(r#""\ufffd""#)),
            (r#""\ude00\ud83d""#, Some(r#""\ufffd\ufffd""#)),
            (r#""\ud83d\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#)),
            (r#""\uD83D\u0041x""#, Some(r#""\ufffd\u0041x""#)),
            (r#"{"\udfff":["a",{"b\ud800":1}]}"#, Some(r#"{"\ufffd":["a",{"b\ufffd":1}]}"#)),
        ] {
            let (mended, found) = mend(text);
            assert_eq!(mended, expected.unwrap_or(text));
            assert_eq!(found.halves, expected.is_some());
            serde_json::from_str::<serde_json::Value>(&mended).unwrap();
        }
    }

    #[test]
    fn numbers_become_what_clients_can_hold() {
        for fine in ["[0,-1,1.5,1e300,-1E-300,12345678901234567890]", r#""1e999""#] {
            assert_eq!(mend(fine).0, fine);
        }
        let max = "1.7976931348623157e+308";
        assert_eq!(mend(r#"{"a":1e400,"b":-1e400}"#).0, format!(r#"{{"a":{max},"b":-{max}}}"#));
        let digits = "9".repeat(5000);
        assert_eq!(mend(&digits).0, max);
        assert_eq!(mend(&format!("[{}]", "9".repeat(100))).0, "[1e+100]");
        assert_eq!(mend(&format!("0.{digits}")).0, "1.0");
    }
}
