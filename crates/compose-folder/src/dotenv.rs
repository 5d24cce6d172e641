//! Files with variables, as Docker Compose reads them: `.env`, and those of `env_file`. They are
//! edited as text, so that what people wrote in them stays.

use std::{collections::BTreeMap, fmt, ops::Range};

/// A file's text, and the variables in it.
#[derive(Clone, Default)]
pub struct Dotenv {
    text: String,
    entries: Vec<Entry>,
}

/// Values may be secrets.
impl fmt::Debug for Dotenv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[derive(Clone)]
struct Entry {
    name: String,
    value: String,
    /// Where the value stands in the text, with its quotes.
    place: Range<usize>,
    line: usize,
}

/// Blanks within a line.
fn is_blank(c: char) -> bool {
    c.is_whitespace() && c != '\n'
}

impl Dotenv {
    /// Reads a text. `outside` says what a variable of the environment is, which goes before those
    /// of the file where a value names it.
    ///
    /// # Errors
    /// Which line cannot be read, and what to write instead.
    pub fn read(text: &str, outside: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut file = Self { text: text.to_owned(), entries: Vec::new() };
        let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        while let Some(found) = text[at..].find(|c: char| !c.is_whitespace()) {
            at += found;
            let line = text[..at].matches('\n').count() + 1;
            let rest = &text[at..];
            let end = at + rest.find('\n').unwrap_or(rest.len());
            if rest.starts_with('#') {
                at = end;
                continue;
            }
            let statement = &text[at..end];
            let wrong = |problem: &str| Err(format!("line {line}: {problem}"));
            let Some(cut) = statement.find(['=', ':']) else {
                // A name alone stands for the variable of the environment.
                let name = statement.trim();
                if !is_name(name) {
                    return wrong("this is neither a comment (#) nor NAME=VALUE");
                }
                let value = outside(name).unwrap_or_default();
                file.entries.push(Entry { name: name.into(), value, place: end..end, line });
                at = end;
                continue;
            };
            let name = statement[..cut].trim();
            let exported = name.strip_prefix("export").filter(|it| it.starts_with(is_blank));
            let name = exported.unwrap_or(name).trim().to_owned();
            if !is_name(&name) {
                return wrong("the name before = may hold letters, digits and _ alone");
            }
            let begin = at + cut + 1;
            let begin =
                begin + text[begin..end].find(|c| !is_blank(c)).unwrap_or_else(|| end - begin);
            let (value, after) = match text[begin..].chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let Some((raw, length)) = quoted(&text[begin..], quote) else {
                        return wrong(&format!("the quote {quote} has no end"));
                    };
                    let value = match quote {
                        '"' => file.expanded(&escapes(&raw), outside),
                        _ => Ok(raw),
                    };
                    (value, begin + length)
                }
                _ => {
                    let value = text[begin..end].split(" #").next().unwrap_or_default().trim_end();
                    (file.expanded(value, outside), begin + value.len())
                }
            };
            let value = match value {
                Ok(value) => value,
                Err(problem) => return wrong(&format!("{name}: {problem}")),
            };
            file.entries.push(Entry { name, value, place: begin..after, line });
            at = match text[begin..].starts_with(['"', '\'']) {
                true => after,
                false => end,
            };
        }
        Ok(file)
    }

    /// The text as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What a variable is: the last one of that name counts.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.iter().rev().find(|it| it.name == name).map(|it| it.value.as_str())
    }

    /// All variables, as they count.
    pub fn all(&self) -> BTreeMap<&str, &str> {
        self.entries.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect()
    }

    /// The names in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|it| it.name.as_str())
    }

    /// The lines of a name that is there more than once.
    pub fn twice(&self) -> Option<(&str, usize, usize)> {
        self.entries.iter().enumerate().find_map(|(at, it)| {
            let before = self.entries[..at].iter().find(|before| before.name == it.name)?;
            Some((it.name.as_str(), before.line, it.line))
        })
    }

    /// Whether a variable stands there as a comment: somebody decided about it.
    pub fn is_commented(&self, name: &str) -> bool {
        self.text.lines().any(|line| {
            let line = line.trim_start();
            let bare = line.strip_prefix('#').map(str::trim_start);
            bare.and_then(|it| it.strip_prefix(name)).is_some_and(|it| it.starts_with('='))
        })
    }

    /// The text with another value of a variable that is there.
    ///
    /// # Errors
    /// If the value cannot be written.
    pub fn with(&self, name: &str, value: &str) -> Result<String, String> {
        let mut text = self.text.clone();
        if let Some(entry) = self.entries.iter().rev().find(|it| it.name == name) {
            text.replace_range(entry.place.clone(), &written(value)?);
        }
        Ok(text)
    }

    /// The variable with the comment above it, as a block that can stand in another file.
    pub fn block(&self, name: &str) -> Option<String> {
        let entry = self.entries.iter().find(|it| it.name == name)?;
        let lines: Vec<&str> = self.text.lines().collect();
        let at = entry.line - 1;
        let is_comment = |line: &&str| line.starts_with('#') && !line.starts_with("# ---");
        let first = at - lines[..at].iter().rev().take_while(|line| is_comment(line)).count();
        Some(lines[first..=at].join("\n"))
    }

    /// A value with what `$` stands for.
    fn expanded(
        &self,
        value: &str,
        outside: &dyn Fn(&str) -> Option<String>,
    ) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = value;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                out.push('$');
                rest = after;
                continue;
            }
            let braced = after.strip_prefix('{');
            let name: String = braced
                .unwrap_or(after)
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let end = if braced.is_some() { "}" } else { "" };
            let after = braced.unwrap_or(after)[name.len()..].strip_prefix(end);
            let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            let (true, Some(after)) = (starts_well, after) else {
                return Err(
                    "Compose takes $ for the beginning of a variable's name: put the value \
                            in single quotes, or write $$"
                        .into(),
                );
            };
            let said = outside(&name).or_else(|| self.get(&name).map(str::to_owned));
            out.push_str(&said.unwrap_or_default());
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// What stands between quotes, and how long it is with them.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut raw = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match (escaped, c) {
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (false, c) if c == quote => return Some((raw, at + c.len_utf8())),
            (true, c) if c == quote => {}
            (true, _) => raw.push('\\'),
            (false, _) => {}
        }
        raw.push(c);
        escaped = false;
    }
    None
}

/// What backslashes within double quotes mean.
fn escapes(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('\\')) => out.push('\\'),
            ('\\', Some('$')) => out.push_str("$$"),
            (c, _) => {
                out.push(c);
                continue;
            }
        }
        chars.next();
    }
    out
}

/// A value as it has to be written to be read as it is.
///
/// # Errors
/// If no way of writing it is read the same everywhere.
pub fn written(value: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@+,=%~".contains(c);
    if value.chars().all(is_plain) {
        return Ok(value.to_owned());
    }
    if value.chars().any(|c| c.is_control() || matches!(c, '\'' | '\\')) {
        return Err(
            "holds ', \\ or a control character, which files with variables cannot carry".into()
        );
    }
    Ok(format!("'{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Dotenv, String> {
        Dotenv::read(text, &|name| (name == "OUTSIDE").then(|| "outside".to_owned()))
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        let text = "\u{feff}# comment\r\nA=plain value # comment\r\nexport B = two\n\
            C='single $A # it''\nD=\"double $A \\\"x\\\" \\$A\"\nE=a#b\nF=\nG: yaml\n\
            H=${A}-$OUTSIDE-$NONE.\nI=$$5\nOUTSIDE\nJ='multi\nline' # c\nK=\"\"\nL='it\\'s'\n  M=1\n\
            N= #x\nO=a\\nb\nP=\"a\\nb\\\\c\"\nQ=a:b=c\nR.S-T='a'\n";
        let text = text.replace("it''", "it'");
        let file = read(&text).unwrap();
        let wanted = [
            ("A", "plain value"),
            ("B", "two"),
            ("C", "single $A # it"),
            ("D", "double plain value \"x\" $A"),
            ("E", "a#b"),
            ("F", ""),
            ("G", "yaml"),
            ("H", "plain value-outside-."),
            ("I", "$5"),
            ("OUTSIDE", "outside"),
            ("J", "multi\nline"),
            ("K", ""),
            ("L", "it's"),
            ("M", "1"),
            ("N", "#x"),
            ("O", "a\\nb"),
            ("P", "a\nb\\c"),
            ("Q", "a:b=c"),
            ("R.S-T", "a"),
        ];
        for (name, value) in wanted {
            assert_eq!(file.get(name), Some(value), "{name}");
        }
        assert_eq!(file.names().count(), wanted.len());
        assert!(file.twice().is_none());
        assert_eq!(read("A=1\n\nA=2").unwrap().twice(), Some(("A", 1, 3)));
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        for (text, says) in [
            ("A=1\nthis is no variable\n", "line 2"),
            ("A B=1\n", "the name"),
            ("\nA='open\n", "line 2: the quote ' has no end"),
            ("A=${B:-c}\n", "single quotes"),
            ("A=US$ 5\n", "$$"),
            ("A=\"a$\"\n", "$$"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_value_is_read_as_it_was_written() {
        for value in
            ["", "plain", "a b", "#x", "a$b${c}", "\"quoted\"", "a #b", "sk-_/+=", " a ", "ü"]
        {
            let text = format!("A={}\nB=2\n", written(value).unwrap());
            let file = read(&text).unwrap();
            assert_eq!((file.get("A"), file.get("B")), (Some(value), Some("2")), "{text}");
        }
        for value in ["a'b", "a\\", "a\nb"] {
            assert!(written(value).is_err());
        }
    }

    #[test]
    fn a_value_is_put_where_there_is_none() {
        let file = read("# one\nA=\nB= 'x' # c\nC=3 # three\n").unwrap();
        assert_eq!(file.with("A", "a b").unwrap(), "# one\nA='a b'\nB= 'x' # c\nC=3 # three\n");
        assert_eq!(file.with("B", "y").unwrap(), "# one\nA=\nB= y # c\nC=3 # three\n");
        assert_eq!(file.with("C", "4").unwrap(), "# one\nA=\nB= 'x' # c\nC=4 # three\n");
        assert_eq!(file.block("A").unwrap(), "# one\nA=");
        assert_eq!(file.block("B").unwrap(), "B= 'x' # c");
        assert!(read("#A=1\n# B = 2\n").unwrap().is_commented("A"));
        assert!(!read("#AB=1\n").unwrap().is_commented("A"));
    }
}
