//! What `gatehall_call_tool` takes: the one operation whose body, and not its address, names the tool.

use std::borrow::Cow;

use gatehall_domain::Denial;
use serde_json::value::RawValue;

use super::problem::Problem;
use crate::{
    call::{Asking, Refusal, UNRECORDED},
    gateway::Gateway,
    json::{self, Flaw, Members},
};

const KNOWN: &[&str] = &["name", "arguments"];

/// The body of `gatehall_call_tool`.
#[derive(Debug)]
pub(super) struct Inner<'a>(Members<'a>);

impl<'a> Inner<'a> {
    pub(super) fn read(body: &'a str) -> Result<Self, Flaw> {
        Members::of_client(body, KNOWN).map(Self)
    }

    /// The tool, and its arguments.
    pub(super) fn asked(&self) -> Result<(Cow<'a, str>, &'a str), Problem> {
        if let Some((other, _)) = self.0.iter().find(|(name, _)| !KNOWN.contains(name)) {
            let problem = format!("unknown field \"{}\": leave it out", json::spelled(other));
            return Err(Problem::invalid("The body:", &problem));
        }
        let name = self.0.get("name").and_then(json::text);
        let name = name.ok_or_else(|| Problem::invalid("name", "must be a string"))?;
        let arguments = self.0.get("arguments").map(RawValue::get).filter(|raw| *raw != "null");
        match arguments.unwrap_or("{}") {
            object if object.starts_with('{') => Ok((name, object)),
            _ => Err(Problem::invalid("arguments", "must be an object")),
        }
    }
}

/// Refuses a body in which two programs may read two tools.
pub(super) async fn ambiguous(
    gateway: &Gateway,
    asking: &Asking<'_>,
    body: &str,
    flaw: &Flaw,
) -> Problem {
    let name = json::first(body, "name").and_then(json::text).unwrap_or_default();
    let refused = gateway.refuse_call(asking, &name, body.len(), Denial::Ambiguous);
    match refused.told().await {
        Refusal::Unrecorded => Problem::unrecorded(UNRECORDED),
        Refusal::Denied(Denial::TooOften(seconds)) => Problem::too_often(seconds),
        _ => Problem::invalid("The body:", &flaw.to_string()),
    }
}
