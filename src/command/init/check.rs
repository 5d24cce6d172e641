//! What answers have to be like that are not in `.env` as they are, or that only the gate can judge.
//! Each check gives the answer as it is written down.

use gatehall_compose_folder::values::Checked;
use gatehall_domain::is_guid;
use gatehall_vault::is_placeholder;

use crate::settings;

/// Domains of people's addresses.
pub(super) fn people(text: &str) -> Checked {
    let domains = settings::domains(text)?.0;
    match domains.is_empty() {
        true => Err("name at least one domain, such as example.org".into()),
        false => Ok(domains.join(",")),
    }
}

/// A secret that somebody else made up.
fn foreign_secret(text: &str) -> Checked {
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic());
    if text.is_empty() || !is_plain {
        return Err("it has visible characters without blanks".into());
    }
    if is_placeholder(text) {
        return Err("it only stands in for a secret: give the real one".into());
    }
    Ok(text.to_owned())
}

/// The secret of the gate at a provider.
pub(super) fn client_secret(text: &str, profile: &str) -> Checked {
    if profile == "entra" && is_guid(text.trim()) {
        return Err("this is the secret's ID: Entra ID shows the secret itself under Value".into());
    }
    foreign_secret(text.trim())
}

/// The key of a model endpoint.
pub(super) fn model_key(text: &str) -> Checked {
    let key = foreign_secret(text.trim())?;
    gatehall_compose_folder::written(&key).map_err(|problem| format!("it {problem}"))?;
    Ok(key)
}

/// A model's id at the endpoint.
pub(super) fn model(text: &str) -> Checked {
    let text = text.trim();
    gatehall_compose_folder::written(text).map_err(|problem| format!("it {problem}"))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn people_have_a_domain() {
        assert_eq!(people("Example.org, x.example").unwrap(), "example.org,x.example");
        assert!(people("").is_err() && people("example").is_ok() && people("a..b").is_err());
    }

    #[test]
    fn a_secret_is_not_what_stands_in_for_one() {
        let error = client_secret("7d1f0c9e-4a52-4c3b-9d3e-2b1a0f5e6c77", "entra").unwrap_err();
        assert!(error.contains("Value"), "{error}");
        assert!(client_secret("changeme", "generic").is_err());
        assert!(client_secret("abc~8Q def", "entra").is_err());
        assert_eq!(client_secret(" abc~8Q\n", "entra").unwrap(), "abc~8Q");
        assert!(model_key("none").is_ok() && model_key("sk-'x").is_err());
        assert!(model_key("<your key here>").is_err() && model_key("").is_err());
    }
}
