//! Three operations that act as the user at the time of the call: for clients that show one
//! document to everybody.

use bytes::Bytes;
use gatehall_domain::{Reach, names};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    operation::{callable, callable_tool, path_item},
    problem::Problem,
};
use crate::{catalogue::Tool, live::Moment};

/// How many tools a search answers with, unless it asks for another number.
const FOUND: usize = 20;
const MOST_FOUND: usize = 100;
/// How many tools are described at once.
const MOST_DESCRIBED: usize = 50;

/// One of the three operations.
#[derive(Debug, Clone, Copy)]
pub(super) enum Own {
    Search,
    Describe,
    Call,
}

impl Own {
    /// By its name, or the one that it had before: clients keep documents for long.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name.strip_prefix("gatehall_").unwrap_or(name) {
            "search_tools" => Some(Self::Search),
            "describe_tools" => Some(Self::Describe),
            "call_tool" => Some(Self::Call),
            _ => None,
        }
    }
}

/// The three operations.
pub(super) fn operations() -> Vec<Bytes> {
    let [search_name, describe_name, call_name] = names::OPERATIONS;
    let search = json!({"type":"object","properties":{
        "query":{"type":"string","description":"Words that describe what the tool should do; empty for all"},
        "limit":{"type":"integer","description":"How many tools to answer with, at most 100"}},"required":["query"]});
    let describe = json!({"type":"object","properties":{
        "names":{"type":"array","items":{"type":"string"},"description":format!("Names from {search_name}")}},"required":["names"]});
    let call = json!({"type":"object","properties":{
        "name":{"type":"string","description":format!("Name from {search_name}")},
        "arguments":{"type":"object","description":format!("As the tool's inputSchema from {describe_name} says")}},"required":["name","arguments"]});
    let operation = |name, description: &str, schema: Value| {
        Bytes::from(path_item(name, description, &schema.to_string()))
    };
    let to_call = format!("Call a tool that you found with {search_name}.");
    vec![
        operation(search_name, "Find tools that you may use. Call this first.", search),
        operation(describe_name, "Read what tools take, before calling them.", describe),
        operation(call_name, &to_call, call),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Describe {
    names: Vec<String>,
}

/// Answers `gatehall_search_tools`. Whoever is nobody finds nothing.
pub(super) fn search(
    moment: &Moment,
    reach: Option<&Reach<'_>>,
    body: &str,
) -> Result<Value, Problem> {
    let asked: Search = read(body)?;
    let words: Vec<String> = words(asked.query.as_deref().unwrap_or_default());
    let tools = reach.into_iter().flat_map(|reach| callable(moment, reach));
    let mut found: Vec<(usize, &Tool)> = tools
        .map(|tool| (score(tool, &words), tool))
        .filter(|(score, _)| words.is_empty() || *score > 0)
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.public.cmp(&b.1.public)));
    let limit = asked.limit.unwrap_or(FOUND).clamp(1, MOST_FOUND);
    let shown = found.iter().take(limit).map(|(_, tool)| {
        json!({"name": tool.public.as_ref(), "description": names::shown(&tool.description, 300)})
    });
    Ok(json!({"tools": shown.collect::<Vec<_>>(), "found": found.len()}))
}

/// Answers `gatehall_describe_tools`. Unknown names, and those of others, are listed as unknown.
pub(super) fn describe(
    moment: &Moment,
    reach: Option<&Reach<'_>>,
    body: &str,
) -> Result<Value, Problem> {
    let asked: Describe = read(body)?;
    if asked.names.len() > MOST_DESCRIBED {
        return Err(Problem::invalid("names", &format!("may hold at most {MOST_DESCRIBED} names")));
    }
    let (mut tools, mut unknown) = (Vec::new(), Vec::new());
    for name in &asked.names {
        let Some(tool) = reach.and_then(|reach| callable_tool(moment, reach, name)) else {
            unknown.push(name);
            continue;
        };
        let schema: Value = serde_json::from_str(tool.input_schema()).unwrap_or_default();
        tools.push(json!({
            "name": tool.public.as_ref(),
            "description": names::shown(&tool.description, 4000),
            "inputSchema": schema,
        }));
    }
    Ok(json!({"tools": tools, "unknown": unknown}))
}

fn read<'b, T: Deserialize<'b>>(body: &'b str) -> Result<T, Problem> {
    serde_json::from_str(body).map_err(|error| Problem::invalid("The body:", &error.to_string()))
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// How well a tool fits: a word that is part of its name counts most.
fn score(tool: &Tool, wanted: &[String]) -> usize {
    let (name, description) = (words(&tool.public), tool.description.to_lowercase());
    let word_score = |word: &String| match () {
        () if name.contains(word) => 8,
        () if name.iter().any(|part| part.starts_with(word.as_str())) => 5,
        () if tool.public.to_lowercase().contains(word.as_str()) => 3,
        () if description.contains(word.as_str()) => 2,
        () => 0,
    };
    wanted.iter().map(word_score).sum()
}
