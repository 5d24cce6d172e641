use serde_json::Value;

use encoding_rs::WINDOWS_1252;
use gatehall_domain::{Strict, file_text};

use super::{Entry, Filling, LeftOpen, document, server_list, table, tenants_json};

/// Why a file as a whole cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not well-formed.
    #[error("not valid {format}: {problem}")]
    Syntax {
        /// The format it was read as.
        format: &'static str,
        /// What is wrong, and where.
        problem: String,
    },
    /// It is well-formed, but none of the known shapes.
    #[error(
        "the file is not of a kind that can be imported: expected a tenants.json \
         ({{\"google\":{{\"tenant_id\":…,\"mcp_endpoint\":…}}}}), a server list \
         ({{\"servers\":[…],\"special_groups\":…,\"tenants\":…}}), or lists named tenants, servers, \
         connections, groups, users, grants, providers, claim_mappings and host_rules, or a table of \
         users whose header has a column email"
    )]
    UnknownShape,
    /// Something in it is to be filled in, and cannot be.
    #[error(transparent)]
    LeftOpen(#[from] LeftOpen),
}

/// What is in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct FileText {
    /// The text.
    pub text: String,
    /// Whether it is no Unicode and was taken for Windows-1252, as spreadsheets write it. If it is
    /// something else, letters beyond ASCII are wrong.
    pub guessed: bool,
}

impl FileText {
    /// The text in a file, however it was saved. None if it is no text.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match file_text(bytes) {
            Some(text) => Some(Self { text, guessed: false }),
            None if bytes.contains(&0) => None,
            None => {
                let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
                Some(Self { text: text.into_owned(), guessed: true })
            }
        }
    }
}

/// Reads a file. Its name tells the format (`.json`, `.toml`, `.yaml`, `.csv`), or else what is in
/// it does; what is in it tells the shape.
///
/// # Errors
/// If the file as a whole cannot be read. A row that cannot be read is an [`Entry`] of its own.
pub fn read(name: &str, text: &str) -> Result<Vec<Entry>, ReadError> {
    read_filled(name, text, &Filling::default())
}

/// The same of a file that leaves something open. Tables have nothing to fill in.
///
/// # Errors
/// As [`read`], and if something stays open.
pub fn read_filled(name: &str, text: &str, filling: &Filling) -> Result<Vec<Entry>, ReadError> {
    let text = text.trim_start_matches('\u{feff}');
    if is_table(name, text) {
        let syntax = |problem| ReadError::Syntax { format: "CSV", problem };
        return table::entries(text).map_err(syntax);
    }
    let mut value = parse(name, text)?;
    filling.fill(&mut value, "")?;
    let members = value.as_object().ok_or(ReadError::UnknownShape)?;
    let is_tenant =
        |value: &Value| value.get("mcp_endpoint").is_some() || value.get("tenant_id").is_some();
    if !members.is_empty() && members.values().all(is_tenant) {
        return Ok(tenants_json::entries(members));
    }
    let servers = members.get("servers").and_then(Value::as_array);
    let listed = |server: &Value| {
        ["groups", "api_key_env", "type"].iter().any(|key| server.get(key).is_some())
    };
    if members.contains_key("special_groups")
        || members.get("tenants").is_some_and(Value::is_object)
        || servers.is_some_and(|servers| servers.iter().any(listed))
    {
        return Ok(server_list::entries(members));
    }
    document::entries(members).ok_or(ReadError::UnknownShape)
}

/// Whether a file is a table of users.
pub fn is_table(name: &str, text: &str) -> bool {
    match ending(name) {
        Some("csv") => true,
        Some("toml" | "yaml" | "yml" | "json") => false,
        _ => table::separator(text).is_some(),
    }
}

fn ending(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, ending)| ending)
}

/// Whether the first line that says something can only be YAML's.
fn looks_like_yaml(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| line.ends_with(':') || line == "---")
}

fn parse(name: &str, text: &str) -> Result<Value, ReadError> {
    let syntax = |format, problem: String| ReadError::Syntax { format, problem };
    let Strict(value) = match ending(name) {
        Some("toml") => toml::from_str(text).map_err(|e| syntax("TOML", e.to_string()))?,
        Some("yaml" | "yml") => {
            serde_saphyr::from_str(text).map_err(|e| syntax("YAML", e.to_string()))?
        }
        Some("json") => serde_json::from_str(text).map_err(|e| syntax("JSON", e.to_string()))?,
        _ if text.trim_start().starts_with('{') => {
            serde_json::from_str(text).map_err(|e| syntax("JSON", e.to_string()))?
        }
        _ if looks_like_yaml(text) => {
            serde_saphyr::from_str(text).map_err(|e| syntax("YAML", e.to_string()))?
        }
        _ => toml::from_str(text).map_err(|e| syntax("TOML", e.to_string()))?,
    };
    Ok(value)
}
