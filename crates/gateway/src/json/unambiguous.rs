//! Whether all readers of a text read the same.

use std::{borrow::Cow, collections::HashSet, ops::Range};

use memchr::memchr2;

/// Whether no object in this valid JSON has a member twice, however deep it lies. Goes through the
/// text once, and looks at names alone, so that numbers pass that fit no type of ours.
pub(crate) fn is_unambiguous(text: &str) -> bool {
    let (bytes, mut at) = (text.as_bytes(), 0);
    let mut open: Vec<Option<Names<'_>>> = Vec::new();
    // Whether the next string is a name.
    let mut names = false;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let name = at..end_of_string(bytes, at);
                at = name.end + 1;
                if names && let Some(Some(known)) = open.last_mut() {
                    names = false;
                    if !known.add(text, name) {
                        return false;
                    }
                }
            }
            b'{' => {
                open.push(Some(Names::default()));
                names = true;
            }
            b'[' => {
                open.push(None);
                names = false;
            }
            b'}' | b']' => {
                open.pop();
                names = false;
            }
            b',' => names = matches!(open.last(), Some(Some(_))),
            _ => {}
        }
    }
    true
}

/// Where the quote is that ends a string.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

/// Objects of up to this size are searched from end to end, which is faster.
const SMALL: usize = 16;

/// The names of one object so far.
#[derive(Default)]
struct Names<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    /// Adds the name that stands here. False if it is there already, or cannot be read.
    fn add(&mut self, text: &'a str, at: Range<usize>) -> bool {
        let name = match text.get(at.clone()) {
            Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
            _ => {
                let quoted = text.get(at.start - 1..at.end + 1);
                match quoted.and_then(|it| serde_json::from_str::<String>(it).ok()) {
                    Some(name) => Cow::Owned(name),
                    None => return false,
                }
            }
        };
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < SMALL {
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_a_member_that_is_there_twice() {
        let many: Vec<String> = (0..100).map(|n| format!("\"m{n}\":0")).collect();
        let twice = format!("{{{},\"m70\":1}}", many.join(","));
        let deep = format!("{}{{\"a\":1,\"a\":2}}{}", "[".repeat(100), "]".repeat(100));
        for (text, expected) in [
            (r#"{"a":1e400,"b":[1,{"c":{}}],"c":null}"#, true),
            ("{}", true),
            ("7", true),
            (r#""a""#, true),
            (r#"{"a":1,"a":2}"#, false),
            (r#"{"a":1,"\u0061":2}"#, false),
            (r#"{"\"a":1,"\u0022a":2}"#, false),
            (r#"{"a":[0,{"b":1,"b":1}]}"#, false),
            (r#"{"a":{"a":{"a":["a","a"]}},"b":"a"}"#, true),
            (r#"[{"a":1},{"a":1}, "a", "a"]"#, true),
            (r#"{"a":["b","c"],"b":1,"c":[{}],"d":{"b":1}}"#, true),
            (r#"{"a":["b"],"b":{"x":[]},"b":1}"#, false),
            (r#"{"a":"\\","b":"\",\"a\":1","c":1}"#, true),
            (r#"{ "a" : 1 , "a" : 2 }"#, false),
            (&deep, false),
            (&format!("{{{}}}", many.join(",")), true),
            (&twice, false),
        ] {
            assert_eq!(is_unambiguous(text), expected, "{text}");
        }
    }
}
