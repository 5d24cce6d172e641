//! What changed of a record, word by word.

use gatehall_domain::names;
use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

/// Beyond this many bytes words are not compared, since that would take long.
const COMPARABLE: usize = 20_000;

/// One field of a record, before and after.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FieldDifference {
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
}

/// Some words of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: PartKind,
    pub(super) text: String,
}

/// Whether words came, went or stayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    Same,
    Gone,
    New,
}

impl Part {
    pub(super) fn is_gone(&self) -> bool {
        self.kind == PartKind::Gone
    }

    pub(super) fn is_new(&self) -> bool {
        self.kind == PartKind::New
    }
}

impl FieldDifference {
    /// The fields in which two versions of a record differ.
    pub(super) fn between(
        before: Option<&Map<String, Value>>,
        after: Option<&Map<String, Value>>,
        named: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<Self> {
        let empty = Map::new();
        let (before, after) = (before.unwrap_or(&empty), after.unwrap_or(&empty));
        let gone = before.keys().filter(|name| !after.contains_key(*name));
        let differ = after.keys().chain(gone);
        let differ = differ.filter(|name| before.get(*name) != after.get(*name));
        let of = |name: &String| Self {
            name: name.replace('_', " "),
            parts: words(
                &names::escaped(&plain(before.get(name), named)),
                &names::escaped(&plain(after.get(name), named)),
            ),
        };
        differ.map(of).filter(|it| !it.parts.is_empty()).collect()
    }
}

/// The members of a record as the audit keeps it.
pub(super) fn members(text: Option<&str>) -> Option<Map<String, Value>> {
    let value: Value = serde_json::from_str(text?).ok()?;
    let Value::Object(record) = value else { return None };
    // Its kind stands around it.
    match record.values().next() {
        Some(Value::Object(inner)) if record.len() == 1 => Some(inner.clone()),
        _ => Some(record),
    }
}

/// A value as people read it, with names in place of ids.
fn plain(value: Option<&Value>, named: &dyn Fn(&str) -> Option<String>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => named(text).unwrap_or_else(|| text.clone()),
        Some(Value::Array(values)) => {
            values.iter().map(|it| plain(Some(it), named)).collect::<Vec<_>>().join(", ")
        }
        Some(Value::Object(members)) => {
            let member = |(name, value)| format!("{name}: {}", plain(Some(value), named));
            members.iter().map(member).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    }
}

fn words(before: &str, after: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut add = |kind, text: &str| match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.kind == kind => last.text.push_str(text),
        _ => parts.push(Part { kind, text: text.to_owned() }),
    };
    if before.len() + after.len() > COMPARABLE {
        add(PartKind::Gone, before);
        add(PartKind::New, after);
        return parts;
    }
    for change in TextDiff::from_words(before, after).iter_all_changes() {
        let kind = match change.tag() {
            ChangeTag::Equal => PartKind::Same,
            ChangeTag::Delete => PartKind::Gone,
            ChangeTag::Insert => PartKind::New,
        };
        add(kind, change.value());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: Option<&str>, after: Option<&str>) -> Vec<String> {
        let (before, after) = (members(before), members(after));
        let fields = FieldDifference::between(before.as_ref(), after.as_ref(), &|_| None);
        let part = |part: &Part| match part.kind {
            PartKind::Same => part.text.clone(),
            PartKind::Gone => format!("-{}-", part.text),
            PartKind::New => format!("+{}+", part.text),
        };
        let parts = |it: &FieldDifference| it.parts.iter().map(part).collect::<String>();
        fields.iter().map(|it| format!("{}={}", it.name, parts(it))).collect()
    }

    #[test]
    fn words_are_compared_field_by_field() {
        let before = r#"{"tenant":{"id":"google","name":"Google Search","enabled":true}}"#;
        let after = r#"{"tenant":{"id":"google","name":"Google Cloud","enabled":false}}"#;
        assert_eq!(
            shown(Some(before), Some(after)),
            ["name=Google -Search-+Cloud+", "enabled=-true-+false+"]
        );
        assert_eq!(
            shown(None, Some(before)),
            ["id=+google+", "name=+Google Search+", "enabled=+true+"]
        );
        assert_eq!(shown(Some(before), None).len(), 3);
        assert!(shown(Some(before), Some(before)).is_empty());
        assert!(shown(Some("not JSON"), None).is_empty());
    }

    #[test]
    fn long_texts_are_shown_whole() {
        let (before, after) = ("a ".repeat(COMPARABLE), "b ".repeat(10));
        let parts = words(&before, &after);
        assert_eq!(parts.len(), 2);
        assert!(parts[0].is_gone() && parts[1].is_new());
    }
}
