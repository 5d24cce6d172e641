//! The issues server: MCP 2025-11-25 over standard input and output.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

use super::tools::{Toolbox, envelope};
use crate::output;

/// Serves until its input ends.
pub(super) fn serve(toolbox: &Toolbox) -> Result<ExitCode> {
    for line in std::io::stdin().lines() {
        let message = serde_json::from_str(&line?).ok();
        if let Some(answer) = message.and_then(|message| answer(toolbox, &message)) {
            output::text(&answer.to_string());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(toolbox: &Toolbox, message: &Value) -> Option<Value> {
    let id = message.get("id")?;
    let result = match message["method"].as_str().unwrap_or_default() {
        "initialize" => Ok(json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": toolbox.name, "version": env!("CARGO_PKG_VERSION")},
        })),
        "ping" => Ok(json!({})),
        "tools/list" => Ok(toolbox.list()),
        "tools/call" => toolbox.call(&message["params"]).map_err(|problem| (-32602, problem)),
        method => Err((-32601, format!("Method not found: {method}"))),
    };
    Some(envelope(id, result))
}
