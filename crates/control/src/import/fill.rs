//! Files that leave something open: `${NAME}` in a text is filled in when the file is read.

use std::collections::BTreeMap;

use serde_json::Value;

/// What may be filled in, by name.
#[derive(Debug, Default)]
pub struct Filling(BTreeMap<String, String>);

/// Why something is left open.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} has ${{{name}}}, which {why}")]
pub struct LeftOpen {
    place: String,
    name: String,
    why: &'static str,
}

impl Filling {
    /// Fills `${NAME}` with these. Without any, such a text stays as it is.
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(values.into_iter().collect())
    }

    /// Fills in all texts of a file. Names of members stay as they are.
    pub(super) fn fill(&self, value: &mut Value, place: &str) -> Result<(), LeftOpen> {
        if self.0.is_empty() {
            return Ok(());
        }
        match value {
            Value::String(text) => *value = self.whole(text, place)?,
            Value::Array(items) => self.list(items, place)?,
            Value::Object(members) => {
                for (name, member) in members {
                    let place = if place.is_empty() { name } else { &format!("{place}.{name}") };
                    self.fill(member, place)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// An entry that is `${NAME}` alone stands for all that its value lists, separated by commas.
    fn list(&self, items: &mut Vec<Value>, place: &str) -> Result<(), LeftOpen> {
        let mut filled = Vec::with_capacity(items.len());
        for (at, mut item) in std::mem::take(items).into_iter().enumerate() {
            let place = format!("{place}[{at}]");
            match item.as_str().and_then(alone) {
                Some(name) => {
                    let parts = self.value(name, &place)?.split(',').map(str::trim);
                    filled.extend(parts.filter(|part| !part.is_empty()).map(Value::from));
                }
                None => {
                    self.fill(&mut item, &place)?;
                    filled.push(item);
                }
            }
        }
        *items = filled;
        Ok(())
    }

    /// A member that is `${NAME}` alone is a yes or no if its value is one.
    fn whole(&self, text: &str, place: &str) -> Result<Value, LeftOpen> {
        let filled = self.text(text, place)?;
        Ok(match (alone(text), filled.as_str()) {
            (Some(_), "true") => Value::Bool(true),
            (Some(_), "false") => Value::Bool(false),
            _ => Value::String(filled),
        })
    }

    fn text(&self, text: &str, place: &str) -> Result<String, LeftOpen> {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else { break };
            filled.push_str(before);
            filled.push_str(self.value(name, place)?);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, name: &str, place: &str) -> Result<&str, LeftOpen> {
        let open = |why| LeftOpen { place: place.into(), name: name.into(), why };
        let value = self.0.get(name).ok_or_else(|| open("nothing fills in"))?;
        match value.trim() {
            "" => Err(open("is empty: set it")),
            value => Ok(value),
        }
    }
}

/// The name, if a text is `${NAME}` and nothing else.
fn alone(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix('}').filter(|name| !name.contains('}'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(mut value: Value) -> Result<Value, String> {
        let values = [("DOMAIN", "example.org"), ("DOMAINS", "a.example, b.example,")];
        let values = values.into_iter().chain([("YES", "true"), ("EMPTY", " ")]);
        let filling = Filling::new(values.map(|(name, value)| (name.into(), value.into())));
        filling.fill(&mut value, "").map_err(|open| open.to_string())?;
        Ok(value)
    }

    #[test]
    fn texts_lists_and_answers_are_filled_in() {
        let file = json!({
            "host": "app.${DOMAIN}", "both": "${DOMAIN} ${YES}", "sure": "${YES}",
            "${DOMAIN}": 7, "list": ["x", "${DOMAINS}", "y.${DOMAIN}"], "cut": "${DOMAIN",
        });
        let expected = json!({
            "host": "app.example.org", "both": "example.org true", "sure": true,
            "${DOMAIN}": 7, "list": ["x", "a.example", "b.example", "y.example.org"],
            "cut": "${DOMAIN",
        });
        assert_eq!(filled(file), Ok(expected));
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let filling = Filling::new([("A".into(), "${B}".into()), ("B".into(), "secret".into())]);
        let mut value = json!({ "name": "${A}" });
        filling.fill(&mut value, "").unwrap();
        assert_eq!(value, json!({ "name": "${B}" }));
    }

    #[test]
    fn what_stays_open_is_named_with_its_place() {
        let open = filled(json!({ "providers": [{ "domains": ["${NONE}"] }] })).unwrap_err();
        assert_eq!(open, "providers[0].domains[0] has ${NONE}, which nothing fills in");
        let open = filled(json!({ "name": "${EMPTY}" })).unwrap_err();
        assert_eq!(open, "name has ${EMPTY}, which is empty: set it");
    }

    #[test]
    fn without_a_filling_a_text_stays_as_it_is() {
        let mut value = json!({ "name": "${DOMAIN}" });
        Filling::default().fill(&mut value, "").unwrap();
        assert_eq!(value, json!({ "name": "${DOMAIN}" }));
    }
}
