//! What commands print: tables for people, JSON for scripts.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use serde_json::Value;

/// Whether a command prints JSON.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Format {
    /// Print JSON, for scripts.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prints a line to standard output. A reader that went away is no error.
pub(crate) fn text(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Prints a line to standard error.
pub(crate) fn error(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints a value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<ExitCode> {
    text(&serde_json::to_string_pretty(value)?);
    Ok(ExitCode::SUCCESS)
}

/// Prints what a value holds, a line for each thing, for people.
pub(crate) fn fields_of(value: &impl Serialize) -> Result<ExitCode> {
    let mut lines = Vec::new();
    flatten("", &serde_json::to_value(value)?, &mut lines);
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in lines {
        text(&format!("{name:width$}  {value}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn flatten(name: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    let inner = |part: &str| match name {
        "" => part.to_owned(),
        name => format!("{name} {part}"),
    };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(part, value)| flatten(&inner(part), value, lines));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().for_each(|item| flatten(name, item, lines));
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(plain).collect();
            lines.push((name.to_owned(), or_dash(&Some(texts.join(", ")))));
        }
        value => lines.push((name.replace('_', " "), plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Bool(flag) => yes(*flag),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether output goes to a person.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Rows under a heading, in columns as wide as they need.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|cell| cell.to_uppercase()).collect()] }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Prints the table, or what to say instead if it has no rows.
    pub(crate) fn print(&self, none: &str) {
        if self.rows.len() == 1 {
            return error(none);
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |at: usize| {
            self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            text(cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
}

/// `yes` or `no`.
pub(crate) fn yes(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

/// A value, or a dash.
pub(crate) fn or_dash(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "-".to_owned())
}

/// Prints how many changes were made, and exits well.
pub(crate) fn done(what: &str) -> Result<ExitCode> {
    error(what);
    Ok(ExitCode::SUCCESS)
}
