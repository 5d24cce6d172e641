//! What programs may take a path for.

use std::borrow::Cow;

use gatehall_domain::folding::folded;

use super::script::{Kind, kind};
use crate::login::plain;

/// One path that a program may read.
pub(super) struct Reading {
    /// The letters that it was asked for in.
    pub(super) written: String,
    /// In the one form that all spellings of it share: decoded, in small letters, without the
    /// blanks and dots that some file systems overlook at the end of a name.
    folded: String,
    /// Whether it is behind a name that is hardly one of a script.
    pub(super) hardly: bool,
}

/// Nobody looks at more readings of one path.
const MOST: usize = 64;

/// Where a segment may end for a program: before a format (`/page.json`), a stream of a file
/// (`/page:x`), or what was encoded and is decoded too late.
const ENDS: &[u8] = b".:?# ";

impl Reading {
    /// The path itself, and what is behind a script in it: on its own (`/page` of
    /// `/app/index.php/page`), or in any folder in which the program may be (`/app/page`). None, if
    /// a program could take the path for any other.
    pub(super) fn all(path: &str) -> Option<Vec<Self>> {
        // Letters that were not encoded came as bytes. Programs read them in some character set,
        // replace them, drop them, or end the path there.
        if !plain(path) || !path.is_ascii() {
            return None;
        }
        let decoded = decoded(path)?;
        let names: Option<Vec<_>> = decoded.strip_prefix('/')?.split('/').map(name).collect();
        let names = names?;
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let reading = |folders: usize, behind: usize, hardly| Self {
            written: joined(&segments[..folders], &segments[behind..]),
            folded: joined(&names[..folders], &names[behind..]),
            hardly,
        };
        let mut readings = vec![reading(0, 0, false)];
        let mut scripts = 0;
        for (at, name) in names.iter().enumerate().take(names.len() - 1) {
            let Some(kind) = kind(name) else { continue };
            scripts += usize::from(kind == Kind::Known);
            if scripts > 1 || readings.len() + at > MOST {
                return None;
            }
            let hardly = kind == Kind::Hardly;
            readings.extend((0..=at).map(|folders| reading(folders, at + 1, hardly)));
        }
        Some(readings)
    }

    /// Whether a program may take it for a path that a rule with this beginning is for.
    pub(super) fn meets(&self, beginning: &str) -> bool {
        begins(&self.folded, beginning)
    }
}

fn joined<T: AsRef<str>>(folders: &[T], behind: &[T]) -> String {
    let mut path = String::new();
    for segment in folders.iter().chain(behind) {
        path.push('/');
        path.push_str(segment.as_ref());
    }
    path
}

/// The name that programs take a segment for. None, if they may take it for more than a name.
fn name(segment: &str) -> Option<Cow<'_, str>> {
    let name = if !segment.is_ascii() {
        let mut letters = String::new();
        for letter in segment.chars() {
            add(letter, &mut letters)?;
        }
        Cow::Owned(trimmed(&letters).to_owned())
    } else if segment.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(trimmed(segment).to_ascii_lowercase())
    } else {
        Cow::Borrowed(trimmed(segment))
    };
    (name.is_empty() == segment.is_empty() && is_name(&name)).then_some(name)
}

/// Adds a letter as programs compare it. None, if it may become one with a meaning of its own in
/// paths.
fn add(letter: char, letters: &mut String) -> Option<()> {
    // These look like "/" and "\", and become them in old character sets.
    const SLASHES: [char; 5] = ['\u{2044}', '\u{2215}', '\u{2216}', '\u{29f5}', '\u{29f8}'];
    let odd = |it: char| SLASHES.contains(&it) || it.is_ascii() && !it.is_ascii_alphanumeric();
    for part in folded(letter) {
        if !letter.is_ascii() && odd(part) {
            return None;
        }
        letters.push(part);
    }
    Some(())
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
