//! Names that some reader takes for another: in other letters, or with marks that it passes over.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The one of the `known` names for which some reader takes `name`, though it is written otherwise.
pub(crate) fn twin_of<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    // A reader whose texts end at NUL sees the beginning alone.
    let beginning = name.split('\0').next().filter(|it| it.len() < name.len());
    let forms = [Some(name), beginning].into_iter().flatten().map(folded);
    let mut found = None;
    for form in forms {
        found = found.or_else(|| known.iter().find(|it| **it != name && folds_to(it, &form)));
    }
    found.copied()
}

/// Whether some reader takes the beginning of `name` for `prefix`, which is plain.
pub(crate) fn may_begin_with(name: &str, prefix: &str) -> bool {
    folded(name).starts_with(prefix)
}

fn folds_to(known: &str, form: &str) -> bool {
    match known.is_ascii() {
        true => known.bytes().filter_map(plain).eq(form.bytes()),
        false => folded(known) == form,
    }
}

/// A name as the loosest of all readers sees it.
fn folded(name: &str) -> Cow<'_, str> {
    if name.is_ascii() && name.bytes().all(|byte| plain(byte) == Some(byte)) {
        return Cow::Borrowed(name);
    }
    if name.is_ascii() {
        return Cow::Owned(name.bytes().filter_map(plain).map(char::from).collect());
    }
    let letters = name.nfkd().filter(|c| !is_combining_mark(*c) && !passed_over(*c));
    // There and back, since some letters are one in the one case only.
    let letters = letters.flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    Cow::Owned(letters.flat_map(char::to_lowercase).filter(|c| !passed_over(*c)).collect())
}

/// The same for a byte of ASCII; none if it is passed over.
const fn plain(byte: u8) -> Option<u8> {
    match byte {
        b'_' | b'-' | 0..=b' ' | 0x7f => None,
        byte => Some(byte.to_ascii_lowercase()),
    }
}

/// Separators, and what has no width.
fn passed_over(c: char) -> bool {
    matches!(c, '_' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || c.is_control()
        || c.is_whitespace()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_through_other_spellings() {
        let known = ["name", "arguments", "task", "progressToken", "_meta", "files", "ref"];
        for (name, of) in [
            ("Name", "name"),
            ("NAME", "name"),
            ("na_me", "name"),
            ("na-me-", "name"),
            (" name\t", "name"),
            ("name\0", "name"),
            ("\0name", "name"),
            ("name\0anything", "name"),
            ("na\u{7}me", "name"),
            ("na\u{200b}me", "name"),
            ("\u{feff}name", "name"),
            ("na\u{ad}me", "name"),
            ("n\u{e4}me", "name"),
            ("na\u{301}me", "name"),
            ("\u{ff4e}\u{ff41}\u{ff4d}\u{ff45}", "name"),
            ("\u{1d427}ame", "name"),
            ("argument\u{17f}", "arguments"),
            ("tas\u{212a}", "task"),
            ("progre\u{df}Token", "progressToken"),
            ("progre\u{1e9e}Token", "progressToken"),
            ("meta", "_meta"),
            ("\u{fb01}les", "files"),
            ("f\u{131}les", "files"),
            ("f\u{130}les", "files"),
        ] {
            assert_eq!(twin_of(name, &known), Some(of), "{name:?}");
        }
        for other in ["name", "_meta", "names", "nam", "", "\0", "title", "\u{43d}ame", "na.me"] {
            assert_eq!(twin_of(other, &known), None, "{other:?}");
        }
        assert_eq!(twin_of("GR\u{d6}SSE", &["gr\u{f6}\u{df}e"]), Some("gr\u{f6}\u{df}e"));
        assert!(may_begin_with("IO.Model_ContextProtocol/x", "io.modelcontextprotocol/"));
        assert!(!may_begin_with("io.model/x", "io.modelcontextprotocol/"));
    }
}
