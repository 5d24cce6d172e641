//! The language in which the audit is searched: `actor:alice outcome:denied read_`.

use std::{fmt, str::FromStr};

use gatehall_domain::{Refusal, Timestamp};
use gatehall_store::EventFilter;

/// The filters there are, in the words of the audit.
const FILTERS: [&str; 10] = [
    "actor",
    "tool",
    "tenant",
    "outcome",
    "action",
    "kind",
    "connection",
    "revision",
    "after",
    "before",
];
const OUTCOMES: [&str; 8] =
    ["answered", "tool-error", "denied", "failed", "cancelled", "changed", "admitted", "refused"];
const ACTIONS: [&str; 8] =
    ["call", "add", "change", "remove", "sign-in", "sign-out", "enter", "list"];
const KINDS: [&str; 19] = [
    "tools",
    "mcp",
    "openapi",
    "portal",
    "door",
    "user",
    "identity",
    "group",
    "membership",
    "tenant",
    "tenant admin",
    "server",
    "connection",
    "credential",
    "grant",
    "key",
    "provider",
    "claim mapping",
    "host rule",
];

/// What the command line says of the audit, and the search box of its page.
///
/// # Errors
/// Names the filter or the value that is not known.
pub fn audit_filter(text: &str) -> Result<EventFilter, Refusal> {
    text.parse().map(|query: AuditQuery| query.filter)
}

/// A search, and what it means.
#[derive(Debug, Clone, Default)]
pub(super) struct AuditQuery {
    pub(super) terms: Vec<Term>,
    pub(super) filter: EventFilter,
}

/// A part of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// The filter; none for a bare word.
    pub(super) name: Option<String>,
    pub(super) value: String,
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}:")?;
        }
        let bare = self.name.is_some() || !self.value.contains(':');
        match bare && !self.value.contains(char::is_whitespace) {
            true => f.write_str(&self.value),
            false => write!(f, "\"{}\"", self.value),
        }
    }
}

/// The text of a search.
pub(super) fn text_of<'t>(terms: impl Iterator<Item = &'t Term>) -> String {
    terms.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl FromStr for AuditQuery {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let mut query = Self { terms: terms(text)?, filter: EventFilter::default() };
        // Bare words are a part of the name, as they stand.
        let mut words: Vec<&str> = Vec::new();
        for Term { name, value } in &query.terms {
            match name {
                Some(name) => apply(&mut query.filter, name, value)?,
                None => words.push(value),
            }
        }
        if !words.is_empty() {
            once("tool", &mut query.filter.subject, words.join(" "))?;
        }
        Ok(query)
    }
}

/// The parts of a search. Blanks part them, but not within quotes.
fn terms(text: &str) -> Result<Vec<Term>, Refusal> {
    let mut found = Vec::new();
    let mut left = text.trim_start();
    while !left.is_empty() {
        let (mut name, mut value) = (None, String::new());
        let (mut quoted, mut was_quoted, mut end) = (false, false, left.len());
        for (at, c) in left.char_indices() {
            match c {
                '"' => (quoted, was_quoted) = (!quoted, true),
                c if c.is_whitespace() && !quoted => {
                    end = at;
                    break;
                }
                ':' if name.is_none() && !was_quoted => name = Some(std::mem::take(&mut value)),
                c if c.is_control() => {
                    return Err(Refusal::invalid("search", "contains a control character"));
                }
                c => value.push(c),
            }
        }
        if quoted {
            return Err(Refusal::invalid("search", format!("a quote is not closed in {left}")));
        }
        left = left[end..].trim_start();
        if value.is_empty() {
            let what = name.unwrap_or_default();
            return Err(Refusal::invalid("search", format!("{what}: has no value")));
        }
        found.push(Term { name: name.map(|it| it.to_ascii_lowercase()), value });
    }
    Ok(found)
}

fn apply(filter: &mut EventFilter, name: &str, value: &str) -> Result<(), Refusal> {
    let text = value.to_owned();
    match name {
        "tool" | "subject" => once("tool", &mut filter.subject, text),
        "actor" => once("actor", &mut filter.actor, text),
        "connection" => once("connection", &mut filter.connection, text),
        "outcome" => once("outcome", &mut filter.outcome, one_of("outcome", value, &OUTCOMES)?),
        "action" => once("action", &mut filter.action, one_of("action", value, &ACTIONS)?),
        "kind" => once("kind", &mut filter.kind, one_of("kind", value, &KINDS)?),
        "tenant" => once("tenant", &mut filter.tenant, value.parse()?),
        "revision" => {
            let number = value.parse().ok().filter(|it| i64::try_from(*it).is_ok());
            let number = number.ok_or_else(|| {
                Refusal::invalid("revision", format!("\"{value}\" is not a number"))
            })?;
            once("revision", &mut filter.revision, number)
        }
        "after" => once("after", &mut filter.after, moment("after", value)?),
        "before" => once("before", &mut filter.before, moment("before", value)?),
        other => Err(Refusal::invalid(
            "search",
            format!("there is no filter \"{other}\": use one of {}", FILTERS.join(", ")),
        )),
    }
}

fn once<T>(name: &'static str, place: &mut Option<T>, value: T) -> Result<(), Refusal> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::invalid(name, "is given twice: keep one")),
    }
}

/// A word of a list. A hyphen stands for a blank, so that nothing has to be quoted.
fn one_of(name: &'static str, value: &str, words: &[&str]) -> Result<String, Refusal> {
    let plain = |text: &str| text.replace('-', " ").to_ascii_lowercase();
    let found = words.iter().find(|word| plain(word) == plain(value));
    found.map(|it| (*it).to_owned()).ok_or_else(|| {
        Refusal::invalid(name, format!("\"{value}\" is not one of {}", words.join(", ")))
    })
}

/// A moment as people write it: the seconds and the zone may be left out.
fn moment(name: &'static str, value: &str) -> Result<Timestamp, Refusal> {
    let mut whole = value.replacen(' ', "T", 1);
    let minute = whole.as_bytes().get(10) == Some(&b'T') && whole.is_char_boundary(16);
    if minute && whole.len() >= 16 && whole.as_bytes().get(16) != Some(&b':') {
        whole.insert_str(16, ":00");
    }
    if matches!(whole.len(), 19 | 23 | 26) && !whole.ends_with('Z') {
        whole.push('Z');
    }
    whole.parse().map_err(|_| {
        Refusal::invalid(
            name,
            format!(
                "\"{value}\" is not like 2026-11-21, 2026-11-21T09:30Z or 2026-11-21T09:30:00Z"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        audit_filter(text).unwrap_err().to_string()
    }

    #[test]
    fn every_filter_is_read() {
        let filter = audit_filter(
            "actor:alice tool:read_ tenant:google outcome:denied action:call kind:grant \
             connection:google/files revision:12 after:2026-11-01 before:2026-11-02T10:00Z",
        )
        .unwrap();
        assert_eq!(filter.actor.as_deref(), Some("alice"));
        assert_eq!(filter.subject.as_deref(), Some("read_"));
        assert_eq!(filter.tenant.unwrap().as_str(), "google");
        assert_eq!(filter.outcome.as_deref(), Some("denied"));
        assert_eq!(filter.action.as_deref(), Some("call"));
        assert_eq!(filter.kind.as_deref(), Some("grant"));
        assert_eq!(filter.connection.as_deref(), Some("google/files"));
        assert_eq!(filter.revision, Some(12));
        assert_eq!(filter.after, Some("2026-11-01T00:00:00Z".parse().unwrap()));
        assert_eq!(filter.before, Some("2026-11-02T10:00:00Z".parse().unwrap()));
        assert!(audit_filter("  ").unwrap().actor.is_none());
    }

    #[test]
    fn quotes_hold_blanks_and_bare_words_are_the_subject() {
        let filter = audit_filter("actor:\"command line\" kind:tenant-admin read file").unwrap();
        assert_eq!(filter.actor.as_deref(), Some("command line"));
        assert_eq!(filter.kind.as_deref(), Some("tenant admin"));
        assert_eq!(filter.subject.as_deref(), Some("read file"));
        assert_eq!(audit_filter("\"a:b c\"").unwrap().subject.as_deref(), Some("a:b c"));
        for time in ["2026-11-02T10:00", "\"2026-11-02 10:00:00\"", "2026-11-02T11:00+01:00"] {
            let filter = audit_filter(&format!("after:{time}")).unwrap();
            assert_eq!(filter.after, Some("2026-11-02T10:00:00Z".parse().unwrap()), "{time}");
        }
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert!(problem("colour:red").contains("no filter \"colour\": use one of actor"));
        assert!(problem("outcome:good").starts_with("outcome: \"good\" is not one of answered"));
        assert!(problem("revision:-1").starts_with("revision: \"-1\""));
        assert!(problem("revision:18446744073709551615").starts_with("revision: "));
        assert!(problem("after:yesterday").starts_with("after: \"yesterday\""));
        assert!(problem("after:ääääääääääTää:ää").starts_with("after: "));
        assert!(problem("tenant:No!").contains("No!"));
        assert!(problem("a\0b").contains("control character"));
        assert!(problem("word tool:a").contains("tool: is given twice"));
        assert!(problem("actor:a actor:b").contains("actor: is given twice"));
        assert!(problem("actor:\"a").contains("not closed"));
        assert!(problem("actor:").contains("actor: has no value"));
        assert!(problem("\"\"").contains("has no value"));
    }

    #[test]
    fn a_search_is_written_as_it_was_read() {
        let text = "actor:\"command line\" kind:grant \"a:b\" plain";
        let query: AuditQuery = text.parse().unwrap();
        assert_eq!(text_of(query.terms.iter()), text);
        assert_eq!(text_of(query.terms[..1].iter()), "actor:\"command line\"");
    }
}
