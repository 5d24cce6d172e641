use serde_json::{Map, Value};

use super::TokenFault;

/// What a token says. A claim of the wrong type is a fault, never a missing one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims(pub(crate) Map<String, Value>);

impl Claims {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, TokenFault> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenFault::Claims),
        }
    }

    /// A time, in seconds since 1970. Fractions are allowed (RFC 7519, section 2).
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<i64>, TokenFault> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => match (value.as_i64(), value.as_f64()) {
                (Some(seconds), _) => Ok(Some(seconds)),
                (None, Some(seconds)) if seconds.abs() < 1e15 => Ok(Some(seconds as i64)),
                _ => Err(TokenFault::Claims),
            },
        }
    }

    /// A text, or a list of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&str>, TokenFault> {
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().ok_or(TokenFault::Claims)).collect()
            }
            Some(_) => Err(TokenFault::Claims),
        }
    }

    /// A list of texts, and nothing else: a text that holds several names must not be taken apart.
    pub(crate) fn list(&self, name: &str) -> Result<Option<Vec<String>>, TokenFault> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or(TokenFault::Claims))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(TokenFault::Claims),
        }
    }

    /// Whether a claim says yes, in any of the ways providers do.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(yes)) => *yes,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => text == "true" || text == "1",
            _ => false,
        }
    }

    /// Who it is about: 1 to 255 characters.
    pub(crate) fn subject(&self) -> Result<&str, TokenFault> {
        match self.text("sub")? {
            Some(subject) if (1..=255).contains(&subject.len()) => Ok(subject),
            _ => Err(TokenFault::Subject),
        }
    }
}
