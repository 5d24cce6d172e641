//! Text as the loosest of all readers compare it.

use std::iter;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A character as readers compare it that know no case, width or accents, and pass over what nobody
/// sees: some characters in small letters, or none.
pub fn folded(letter: char) -> impl Iterator<Item = char> {
    // There and back, since some letters are one in the one case only.
    let parts = iter::once(letter).nfkd().filter(|it| is_seen(*it));
    let capitals = parts.flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    capitals.flat_map(char::to_lowercase).nfkd().filter(|it| is_seen(*it))
}

/// Whether anybody sees it as a letter of its own. Blanks and controls of ASCII count, since some
/// programs end a text there.
fn is_seen(letter: char) -> bool {
    let blank = letter.is_whitespace() || letter.is_control();
    letter.is_ascii() || !blank && !is_combining_mark(letter) && !is_ignorable(letter)
}

/// What has no width: `Default_Ignorable_Code_Point`, and the marks of annotations.
const fn is_ignorable(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        text.chars().flat_map(folded).collect()
    }

    /// All that are small or large, wide or narrow, or marked. The others are words of Asia.
    fn letters() -> impl Iterator<Item = char> {
        let words = |it: &char| matches!(it, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
        ('\0'..='\u{1ffff}').filter(move |it| !words(it))
    }

    #[test]
    fn what_some_reader_takes_for_plain_letters_becomes_them() {
        for letter in letters() {
            let text = letter.to_string();
            let without_marks = |text: &str| -> String {
                text.nfkd().filter(|it| !is_combining_mark(*it)).collect()
            };
            for read in [
                text.to_lowercase(),
                text.to_uppercase(),
                text.to_uppercase().to_lowercase(),
                text.to_lowercase().to_uppercase(),
                text.nfkc().collect(),
                text.nfkd().collect::<String>().to_uppercase(),
                without_marks(&text),
                without_marks(&text.to_uppercase()),
                without_marks(&text.to_lowercase().to_uppercase()),
            ] {
                if read.is_ascii() && !letter.is_ascii() {
                    assert_eq!(fold(&text), read.to_lowercase(), "{letter:?} {read}");
                }
            }
        }
    }

    #[test]
    fn folding_is_one_for_all_cases_and_done_at_once() {
        for letter in letters() {
            let (text, once) = (letter.to_string(), fold(&letter.to_string()));
            assert_eq!(fold(&once), once, "{letter:?}");
            assert_eq!(fold(&text.to_lowercase()), once, "{letter:?} in small letters");
            // The one mark that is a letter in capitals is passed over.
            if !text.nfkd().any(|it| it == '\u{345}') {
                assert_eq!(fold(&text.to_uppercase()), once, "{letter:?} in capitals");
            }
        }
    }

    #[test]
    fn what_nobody_sees_is_passed_over() {
        for unseen in
            ['\u{85}', '\u{ad}', '\u{2028}', '\u{200b}', '\u{fff9}', '\u{1bca0}', '\u{301}']
        {
            assert_eq!(fold(&format!("a{unseen}b")), "ab", "{unseen:?}");
        }
        assert_eq!(fold("A b_\0\u{2003}\u{1e9e}"), "a b_\0 ss");
    }
}
