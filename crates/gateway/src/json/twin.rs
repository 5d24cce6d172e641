//! Names that some reader takes for another: in other letters, or with marks that it passes over.

use std::borrow::Cow;

use gatehall_domain::folding;

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
    Cow::Owned(name.chars().flat_map(folding::folded).filter(|it| !passed_over(*it)).collect())
}

/// The same for a byte of ASCII; none if it is passed over.
const fn plain(byte: u8) -> Option<u8> {
    match byte {
        b'_' | b'-' | 0..=b' ' | 0x7f => None,
        byte => Some(byte.to_ascii_lowercase()),
    }
}

/// Separators and blanks.
const fn passed_over(letter: char) -> bool {
    match letter {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => true,
        letter => letter.is_ascii() && plain(letter as u8).is_none(),
    }
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
            ("na\u{1bca0}me", "name"),
            ("na\u{fff9}me", "name"),
            ("na\u{2028}me", "name"),
            ("na\u{85}me", "name"),
            ("na\u{2011}me", "name"),
            ("na\u{2003}me", "name"),
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
