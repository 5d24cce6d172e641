//! What others say in JSON. Many write a member that they have nothing to say of.

use gatehall_domain::Strict;
use serde_json::{Map, Value};

/// The members that say something: neither null nor an empty text.
pub(crate) fn said(members: Map<String, Value>) -> Map<String, Value> {
    let says = |value: &Value| !value.is_null() && value != "";
    members.into_iter().filter(|(_, value)| says(value)).collect()
}

/// No token lives longer, in seconds.
const LONGEST_LIFE: f64 = 1e10;

/// The answer of a token endpoint as RFC 6749 has it, section 5.1. Providers write `expires_in` as
/// a text or with a fraction, and members as null.
pub(crate) fn token_answer(body: &[u8]) -> Vec<u8> {
    let Ok(Strict(Value::Object(members))) = serde_json::from_slice(body) else {
        return body.to_vec();
    };
    let mut members = said(members);
    if let Some(life) = members.remove("expires_in")
        && let Some(seconds) = seconds(&life)
    {
        members.insert("expires_in".into(), seconds.into());
    }
    // Nobody asks which scopes were given.
    members.remove("scope");
    serde_json::to_vec(&members).unwrap_or_else(|_| body.to_vec())
}

/// None for what is no number: then nobody knows how long it lives.
fn seconds(life: &Value) -> Option<u64> {
    let number = match life {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    (0.0..LONGEST_LIFE).contains(&number).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use oauth2::{TokenResponse, basic::BasicTokenResponse};
    use serde_json::json;

    use super::*;

    #[test]
    fn token_answers_are_read_however_they_are_written() {
        for (life, read) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(3599.9), Some(3599)),
            (json!("3599.9"), Some(3599)),
            (json!(null), None),
            (json!(""), None),
            (json!("soon"), None),
            (json!(-1), None),
            (json!("NaN"), None),
            (json!(1e300), None),
            (json!([1]), None),
        ] {
            let body = json!({"access_token": "a", "token_type": "Bearer", "expires_in": life,
                "refresh_token": null, "scope": ["openid"], "id_token": "i"});
            let answer = token_answer(body.to_string().as_bytes());
            let answer: BasicTokenResponse = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer.expires_in().map(|it| it.as_secs()), read, "{life}");
            assert_eq!(answer.access_token().secret(), "a");
        }
        for odd in ["", "no JSON", "[]", r#"{"access_token":"a","access_token":"b"}"#] {
            assert_eq!(token_answer(odd.as_bytes()), odd.as_bytes(), "left to the library");
        }
    }
}
