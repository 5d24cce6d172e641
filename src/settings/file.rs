//! Settings from a file become the defaults of their flags, so that flags and variables win.

use std::{io::ErrorKind, path::Path};

use clap::Command;
use gatehall_domain::file_text;
use toml::{Table, Value};

use super::toml_problem::toml_problem;

/// Why a settings file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("the settings file {path} cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// It is no TOML.
    #[error("the settings file {path} is not valid TOML near {problem}")]
    Syntax {
        /// The file.
        path: String,
        /// The line, and why.
        problem: String,
    },
    /// It names something that is no setting.
    #[error(
        "the settings file {path} has \"{name}\", which is no setting: see gatehall serve --help"
    )]
    Unknown {
        /// The file.
        path: String,
        /// The name.
        name: String,
    },
    /// A value is of a type no setting has.
    #[error(
        "the settings file {path}: {name} must be text, a number, true or false, or a list of texts"
    )]
    Type {
        /// The file.
        path: String,
        /// The setting.
        name: String,
    },
}

/// The command with the file's values as defaults.
///
/// # Errors
/// If the file cannot be read or holds anything that is no setting.
pub fn with_defaults(command: Command, path: &Path) -> Result<Command, FileError> {
    let name = path.display().to_string();
    let text =
        text_of(path).map_err(|error| FileError::Unreadable { path: name.clone(), error })?;
    let table: Table = toml::from_str(&text).map_err(|error| FileError::Syntax {
        path: name.clone(),
        problem: toml_problem(&text, &error),
    })?;
    let known = setting_names();
    let mut command = command;
    for (key, value) in table {
        let id = key.replace('-', "_");
        if !known.contains(&id) {
            return Err(FileError::Unknown { path: name, name: key });
        }
        let values = texts(&value).ok_or(FileError::Type { path: name.clone(), name: key })?;
        command = set_default(command, &id, &values);
    }
    Ok(command)
}

/// The settings in the file whose values nobody else is to read.
pub fn secrets_in(path: &Path) -> Vec<String> {
    let text = text_of(path).unwrap_or_default();
    let table: Table = text.parse().unwrap_or_default();
    let secret = super::secret_names();
    let holds = |(key, value): &(String, Value)| {
        let is_secret = secret.contains(&key.replace('-', "_"));
        is_secret && value.as_str().is_some_and(super::is_secret)
    };
    table.into_iter().filter(holds).map(|(key, _)| key).collect()
}

/// What is in the file, however it was saved.
fn text_of(path: &Path) -> std::io::Result<String> {
    let no_text = || std::io::Error::new(ErrorKind::InvalidData, "save it as UTF-8 text");
    file_text(&std::fs::read(path)?).ok_or_else(no_text)
}

/// The names that a file may use: those of all settings but the file itself.
fn setting_names() -> Vec<String> {
    let command = super::every_setting();
    let ids = command.get_arguments().map(|arg| arg.get_id().to_string());
    ids.filter(|id| id != "config").collect()
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    };
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        value => Some(vec![text(value)?]),
    }
}

fn set_default(command: Command, id: &str, values: &[String]) -> Command {
    let command = command.mut_args(|arg| match arg.get_id() == id {
        true => arg.default_values(values.to_vec()),
        false => arg,
    });
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| {
        command.mut_subcommand(name, |sub| match name.as_str() {
            // Only these have settings; elsewhere an option may have the same name.
            "serve" | "demo" | "explain" | "healthcheck" => set_default(sub, id, values),
            _ => sub,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_in_a_file_is_said_without_what_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gatehall.toml");
        for line in ["open_webui_secret = \"a-secret", "open_webui_secret = a-secret"] {
            std::fs::write(&path, format!("listen = \"[::]:1\"\n{line}\nlog = 1\n")).unwrap();
            let error = with_defaults(Command::new("gatehall"), &path).unwrap_err().to_string();
            assert!(error.contains("near line 2: "), "{error}");
            assert!(!error.contains("a-secret"), "{error}");
        }
    }
}
