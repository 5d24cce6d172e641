use std::{fmt, str::FromStr};

use gatehall_domain::variable;

/// The name of a variable that holds a secret, or the beginning of several: `DOCUMENTS_TOKEN`,
/// `MCP_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVariable(String);

impl SecretVariable {
    /// A setting that is there and says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn means(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => self.0 == name,
        }
    }
}

impl fmt::Display for SecretVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SecretVariable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // A setting that is there and empty, and what follows a last comma.
        if text.is_empty() {
            return Ok(Self(String::new()));
        }
        let name = text.strip_suffix('*').unwrap_or(text);
        // A beginning is a whole word, so that nobody allows more than they think.
        let word = name == text || name.ends_with('_') && name.len() > 1;
        if !variable::is_name(name) || !word {
            return Err(format!("\"{text}\" is not like DOCUMENTS_TOKEN or MCP_*"));
        }
        if variable::is_own(name) {
            return Err(format!(
                "\"{text}\": variables of Gatehall itself are never secrets of others"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}
