//! What the gate quotes of a server, without the secrets that the server was given.

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_STANDARD_NO_PAD};
use gatehall_domain::names::shown;
use secrecy::{ExposeSecret, SecretString};

use super::{error::UpstreamError, facts::Facts};

/// What stands where a secret was.
const BLANK: &str = "[secret]";
/// How much is quoted at most, in characters.
const LONGEST: usize = 1000;
/// A shorter secret is one only where it stands alone.
const SHORT: usize = 6;
/// So much of a secret's beginning is one, too, where a text was cut.
const BEGINNING: usize = 4;

/// The secrets of a connection, in the forms in which a server may repeat them.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    pub(super) fn new<'s>(values: impl Iterator<Item = &'s SecretString>) -> Self {
        let mut forms: Vec<String> =
            values.flat_map(|value| forms(value.expose_secret())).collect();
        // The longest first: what holds another is blanked whole.
        forms.sort_unstable_by(|one, other| {
            other.len().cmp(&one.len()).then_with(|| one.cmp(other))
        });
        forms.dedup();
        Self(forms.into_iter().map(SecretString::from).collect())
    }

    /// A text of a server, fit to be shown to those who do not know its secrets.
    pub(super) fn quote(&self, text: &str) -> String {
        self.blanked(&shown(text, LONGEST))
    }

    /// A text without the secrets.
    fn blanked(&self, text: &str) -> String {
        let (mut quoted, mut at) = (String::with_capacity(text.len()), 0);
        while let Some(next) = text[at..].chars().next() {
            if let Some(end) = self.0.iter().find_map(|it| found(it.expose_secret(), text, at)) {
                quoted.push_str(BLANK);
                at = end;
            } else {
                quoted.push(next);
                at += next.len_utf8();
            }
        }
        quoted
    }

    /// The same error, whose texts are quotes.
    pub(super) fn error(&self, error: UpstreamError) -> UpstreamError {
        error.map(|text| self.quote(&text))
    }

    pub(super) fn facts(&self, facts: Facts) -> Facts {
        Facts {
            name: self.quote(&facts.name),
            version: self.quote(&facts.version),
            instructions: facts.instructions.map(|it| self.blanked(&it).into()),
            ..facts
        }
    }
}

/// A secret, and what it is made of or becomes: the value behind a scheme, what a base64 text
/// holds, the password behind a user's name, its lines, and all of it in base64.
fn forms(value: &str) -> Vec<String> {
    let value = value.trim();
    let mut plain = vec![value.to_owned()];
    let is_scheme = |word: &&str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let bare = value.split_once(' ').filter(|(word, _)| is_scheme(word)).map(|it| it.1.trim());
    plain.extend(bare.map(str::to_owned));
    for held in [value, bare.unwrap_or_default()] {
        let held = BASE64_STANDARD.decode(held).ok().and_then(|it| String::from_utf8(it).ok());
        let held = held.filter(|it| it.len() >= SHORT && !it.contains(char::is_control));
        plain.extend(held);
    }
    let passwords: Vec<String> = plain
        .iter()
        .filter_map(|it| it.split_once(':'))
        .filter(|(user, password)| !user.contains([' ', '{']) && password.len() >= SHORT)
        .map(|it| it.1.to_owned())
        .collect();
    plain.extend(passwords);
    let lines = value.lines().map(str::trim).filter(|line| line.len() > SHORT);
    plain.extend(lines.map(str::to_owned));
    plain.retain(|it| !it.is_empty());
    let encoded: Vec<String> = plain.iter().flat_map(|it| in_base64(it)).collect();
    [plain, encoded].concat()
}

/// How a text looks within something that is base64, wherever it begins there.
fn in_base64(text: &str) -> Vec<String> {
    let mut forms = vec![BASE64_STANDARD_NO_PAD.encode(text)];
    for before in 0..3_usize {
        let bytes = [&[0; 3][..before], text.as_bytes()].concat();
        let encoded = BASE64_STANDARD_NO_PAD.encode(&bytes);
        // The characters that its neighbours have no part in.
        let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        forms.extend(encoded.get(first..last).map(str::to_owned));
    }
    forms.retain(|it| it.len() > SHORT);
    let url_safe: Vec<String> =
        forms.iter().map(|it| it.replace('+', "-").replace('/', "_")).collect();
    [forms, url_safe].concat()
}

/// Where a secret ends that begins there.
fn found(secret: &str, text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    if rest.starts_with(secret) {
        return alone(secret, text, at, at + secret.len());
    }
    let (mut end, mut matched) = (at, 0);
    for byte in secret.bytes() {
        let Some(length) = spelt(byte, &text.as_bytes()[end..]) else { break };
        end += length;
        matched += 1;
    }
    if matched == secret.len() {
        return alone(secret, text, at, end);
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (matched >= BEGINNING && is_cut(&text[end..])).then_some(end)
}

fn alone(secret: &str, text: &str, at: usize, end: usize) -> Option<usize> {
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let alone = || !joins(text[..at].chars().next_back()) && !joins(text[end..].chars().next());
    (secret.len() >= SHORT || alone()).then_some(end)
}

/// Whether a text was cut here, perhaps within an escape.
fn is_cut(rest: &str) -> bool {
    let escape = rest.starts_with(['%', '\\', '&']);
    let tail = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "%\\&#".contains(c));
    let rest = if escape && rest.len() - tail.len() < 7 { tail } else { rest };
    rest.is_empty() || rest == "\"" || rest.starts_with(['\u{2026}', '\u{fffd}'])
}

/// How many bytes of a text spell this one: as in an address, in JSON, in HTML, or as it is.
fn spelt(byte: u8, text: &[u8]) -> Option<usize> {
    let hex = |from: usize, to: usize| {
        let digits = str::from_utf8(text.get(from..to)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let escapes: &[&str] = match byte {
        b'"' => &["\\\"", "&quot;", "&#34;"],
        b'\\' => &["\\\\"],
        b'/' => &["\\/", "&#x2F;"],
        b'\'' => &["\\'", "&#39;", "&#x27;", "&apos;"],
        b'&' => &["&amp;"],
        b'<' => &["&lt;"],
        b'>' => &["&gt;"],
        b'\n' => &["\\n", " "],
        b'\r' => &["\\r", " "],
        b'\t' => &["\\t", " "],
        b' ' => &["+"],
        _ => &[],
    };
    match text.first()? {
        b'%' if hex(1, 3) == Some(byte.into()) => Some(3),
        b'\\'
            if text.get(1) == Some(&b'u') && byte.is_ascii() && hex(2, 6) == Some(byte.into()) =>
        {
            Some(6)
        }
        first => escapes
            .iter()
            .find(|it| text.starts_with(it.as_bytes()))
            .map(|it| it.len())
            .or((*first == byte).then_some(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "s3cr3t/Val+ue\"&4711";

    fn quoted(value: &str, text: &str) -> String {
        Secrets::new([SecretString::from(value)].iter()).quote(text)
    }

    #[test]
    fn a_secret_is_blanked_however_it_is_spelt() {
        let base64 = |text: &str| BASE64_STANDARD.encode(text);
        let json = serde_json::to_string(VALUE).unwrap();
        let json = json.trim_matches('"').to_owned();
        let percent: String = VALUE.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for spelling in [
            VALUE.to_owned(),
            json.replace('/', "\\/"),
            json,
            percent.to_uppercase(),
            percent,
            "s3cr3t/Val%2Bue%22&4711".to_owned(),
            VALUE.replace('&', "&amp;").replace('"', "&quot;"),
            base64(VALUE),
            base64(VALUE).trim_end_matches('=').replace('/', "_"),
        ] {
            for value in [VALUE.to_owned(), format!("Bearer {VALUE}")] {
                let text = quoted(&value, &format!("bad token Bearer {spelling}, go"));
                assert!(text.starts_with("bad token ") && text.ends_with(", go"), "{text}");
                assert!(text.contains(BLANK) && text.len() < 40, "{spelling}: {text}");
            }
        }
        for around in ["u:", "us:", "use:"] {
            let text = quoted(VALUE, &base64(&format!("{around}{VALUE}#")));
            assert!(text.len() < 24 && text.contains(BLANK), "{text}");
        }
        let basic = format!("Basic {}", base64("alice:correct horse"));
        assert_eq!(quoted(&basic, "no user alice:correct horse"), "no user [secret]");
        assert_eq!(quoted(&basic, "no password correct horse"), "no password [secret]");
        assert_eq!(quoted("first line\nsecond line", "second line"), BLANK);
    }

    #[test]
    fn a_secret_that_was_cut_is_blanked_and_other_words_are_not() {
        for (text, shown) in [
            ("\"no s3cr3t/V\u{2026}\"", "\"no [secret]\u{2026}\""),
            ("no s3cr3t/V", "no [secret]"),
            ("no s3cr3t%2", "no [secret]%2"),
            ("no s3cr3tly", "no s3cr3tly"),
            ("\u{1f600}s3cr3t/V\u{fffd}", "\u{1f600}[secret]\u{fffd}"),
        ] {
            assert_eq!(quoted(VALUE, text), shown);
        }
        assert_eq!(quoted("no", "no, nothing known"), "[secret], nothing known");
        assert_eq!(quoted("", "nothing"), "nothing");
        let long = format!("{}{VALUE}", "x".repeat(LONGEST - 9));
        assert!(!quoted(VALUE, &long).contains("s3cr"));
    }
}
