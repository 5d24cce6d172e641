//! Regular expressions that both JavaScript and Python can read.

/// The longest that is looked at.
const LONGEST: usize = 1000;

/// Escapes with a meaning of JavaScript's alone.
const FOREIGN: [&str; 5] = ["\\p", "\\P", "\\k", "\\c", "\\u{"];

/// Whether every client can compile a regular expression. A client that cannot may refuse the whole
/// list that it stands in.
pub(super) fn is_portable(pattern: &str) -> bool {
    let group = |rest: &str| [":", "=", "!", "<=", "<!"].iter().any(|it| rest.starts_with(it));
    pattern.len() <= LONGEST
        && !FOREIGN.iter().any(|it| pattern.contains(it))
        && !pattern.contains("[^]")
        && !pattern.contains("[]")
        && pattern.split("(?").skip(1).all(group)
        && regress::Regex::with_flags(pattern, "u").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_languages_read_is_portable() {
        for good in ["", "^a+$", r"^[\w.-]+@\w+$", r"^\d{4}-\d\d$", "(?:a|b)(?=c)(?<!d)", r"a\/b"] {
            assert!(is_portable(good), "{good}");
        }
        for bad in [
            "[",
            "(",
            "a{2,1}",
            r"a\-b",
            "(?P<x>a)",
            "(?i)a",
            "(?i:a)",
            "(?<x>a)",
            r"\p{L}",
            r"\Z",
            "*",
            "a**",
            "[^]",
            r"\u{61}",
            &"a".repeat(2000),
        ] {
            assert!(!is_portable(bad), "{bad}");
        }
    }

    #[test]
    fn no_pattern_takes_long_to_look_at() {
        let nested =
            |open: &str, close: &str| format!("{}a{}", open.repeat(160), close.repeat(160));
        for hostile in [
            nested("(", ")"),
            nested("(?:", "){9}"),
            nested("(?=", ")"),
            "(?:(?:a{999}){999}){999}".to_owned(),
            "a?".repeat(500),
            "[\\0-\\uffff]".repeat(60),
        ] {
            is_portable(&hostile);
        }
    }
}
