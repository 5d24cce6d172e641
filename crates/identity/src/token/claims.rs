use serde_json::{Map, Value};

use super::TokenFault;

/// What a token says. A claim of the wrong type is a fault, never a missing one; one that is null
/// is missing (OpenID Connect Core 1.0, section 5.3.2).
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn new(members: Map<String, Value>) -> Self {
        Self(without_nulls(members))
    }

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

fn without_nulls(members: Map<String, Value>) -> Map<String, Value> {
    let said = members.into_iter().filter(|(_, value)| !value.is_null());
    let inner = |value| match value {
        Value::Object(members) => Value::Object(without_nulls(members)),
        other => other,
    };
    said.map(|(name, value)| (name, inner(value))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        let Value::Object(members) = value else { panic!("no object") };
        Claims::new(members)
    }

    #[test]
    fn a_claim_that_is_null_is_missing() {
        let claims = claims(json!({"sub": "s", "azp": null, "nonce": null, "exp": null,
            "aud": null, "groups": null, "_claim_names": {"groups": null}}));
        assert!(!claims.has("nonce") && claims.get("azp").is_none());
        assert_eq!(claims.text("azp"), Ok(None));
        assert_eq!(claims.seconds("exp"), Ok(None));
        assert_eq!(claims.texts("aud"), Ok(Vec::new()));
        assert_eq!(claims.list("groups"), Ok(None));
        assert_eq!(claims.get("_claim_names"), Some(&json!({})));
        let among = self::claims(json!({"groups": ["a", null]}));
        assert_eq!(among.list("groups"), Err(TokenFault::Claims), "a list has to be one of texts");
    }

    #[test]
    fn times_may_have_fractions_and_are_no_text() {
        let claims = claims(json!({"exp": 1_800_000_000.9, "iat": 1.8e9, "nbf": "1800000000",
            "far": 1e300}));
        assert_eq!(claims.seconds("exp"), Ok(Some(1_800_000_000)));
        assert_eq!(claims.seconds("iat"), Ok(Some(1_800_000_000)));
        assert_eq!(claims.seconds("nbf"), Err(TokenFault::Claims));
        assert_eq!(claims.seconds("far"), Err(TokenFault::Claims));
    }
}
