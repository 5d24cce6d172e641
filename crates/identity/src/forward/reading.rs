//! What programs may take a path for.

use std::{borrow::Cow, iter};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::login::plain;

/// A path in the one form that all spellings of it share: decoded, in small letters, without the
/// blanks and dots that some file systems overlook at the end of a name.
pub(super) struct Reading {
    folded: String,
    /// Where it begins, and where a path of its own begins behind a script (`/index.php/page`).
    starts: Vec<usize>,
}

/// Where a segment may end for a program: before a format (`/page.json`), a stream of a file
/// (`/page:x`), or what was encoded and is decoded too late.
const ENDS: &[u8] = b".:?# ";

impl Reading {
    /// None, if a program could take the path for any other.
    pub(super) fn of(path: &str) -> Option<Self> {
        if !plain(path) {
            return None;
        }
        let mut reading = Self { folded: String::with_capacity(path.len()), starts: Vec::new() };
        let mut script = true;
        for segment in decoded(path)?.strip_prefix('/')?.split('/') {
            if script {
                reading.starts.push(reading.folded.len());
            }
            script = reading.push(segment)?;
        }
        Some(reading)
    }

    /// Adds a segment, and says whether it may name a script.
    fn push(&mut self, segment: &str) -> Option<bool> {
        let mut folded = String::new();
        let name = if segment.is_ascii() {
            trimmed(segment)
        } else {
            if !segment.chars().all(|letter| fold(letter, &mut folded)) {
                return None;
            }
            trimmed(&folded)
        };
        if name.is_empty() != segment.is_empty() || !is_name(name) {
            return None;
        }
        self.folded.push('/');
        self.folded.extend(name.chars().map(|letter| letter.to_ascii_lowercase()));
        let ending = |it: &str| it.starts_with(|letter: char| letter.is_ascii_alphabetic());
        // `index.php`, but not `v1.2`.
        Some(name.split('.').skip(1).any(ending))
    }

    /// Whether a program may take it for a path that a rule with this beginning is for.
    pub(super) fn meets(&self, beginning: &str) -> bool {
        self.starts.iter().any(|at| begins(&self.folded[*at..], beginning))
    }
}

/// Whether a path begins with all segments of another, in whatever letters.
pub(super) fn begins(path: &str, beginning: &str) -> bool {
    let wanted = beginning.trim_end_matches('/');
    let mut segments = path.split('/');
    wanted.split('/').map(trimmed).all(|wanted| {
        let Some(segment) = segments.next().map(str::as_bytes) else { return false };
        let Some((same, rest)) = segment.split_at_checked(wanted.len()) else { return false };
        same.eq_ignore_ascii_case(wanted.as_bytes())
            && rest.first().is_none_or(|byte| ENDS.contains(byte))
    })
}

/// Windows overlooks dots and blanks at the end of a name; a `+` is a blank to some.
fn trimmed(segment: &str) -> &str {
    let blank = |byte: &u8| matches!(byte, b' ' | b'+');
    let bytes = segment.as_bytes();
    let end = bytes.iter().rposition(|byte| !blank(byte) && *byte != b'.').map_or(0, |it| it + 1);
    let start = bytes[..end].iter().position(|byte| !blank(byte)).unwrap_or(end);
    &segment[start..end]
}

/// Windows takes some characters for others, and has second names like `ADMINI~1`. ASP.NET leaves
/// out a session like `(S(x))`.
fn is_name(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let other = |byte: &u8| matches!(byte, b'"' | b'<' | b'>');
    let short = |pair: &[u8]| pair[0] == b'~' && pair[1].is_ascii_digit();
    !bytes.iter().any(other)
        && !bytes.windows(2).any(short)
        && !matches!(bytes, [b'(', _, b'(', ..])
}

fn decoded(path: &str) -> Option<Cow<'_, str>> {
    if !path.contains('%') {
        return Some(Cow::Borrowed(path));
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut parts = path.split('%');
    bytes.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Adds a character as programs compare it that know no case, width or accents. False, if it may
/// stand for one with a meaning of its own in paths.
fn fold(letter: char, out: &mut String) -> bool {
    if letter.is_ascii() {
        out.push(letter.to_ascii_lowercase());
        return true;
    }
    // These look like "/" and "\", and become them in old character sets.
    const SLASHES: [char; 5] = ['\u{2044}', '\u{2215}', '\u{2216}', '\u{29f5}', '\u{29f8}'];
    iter::once(letter).nfkd().all(|part| {
        if SLASHES.contains(&part) || part.is_ascii() && !part.is_ascii_alphanumeric() {
            return false;
        }
        if !is_combining_mark(part) && !is_ignorable(part) {
            let small = part.to_uppercase().flat_map(char::to_lowercase);
            out.extend(small.nfkd().filter(|it| !is_combining_mark(*it)));
        }
        true
    })
}

/// Characters that nobody sees, and some programs drop.
const fn is_ignorable(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}
