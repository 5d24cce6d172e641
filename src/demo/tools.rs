//! The demo's tools: small, but with real data behind them.

use std::sync::{Mutex, PoisonError};

use gatehall_domain::ServerId;
use serde_json::{Value, json};

use super::large;

/// A tenant of the documents server, as that server knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct DemoTenant {
    pub(super) id: &'static str,
    /// What the tenant's connection shows to the server. Worth nothing outside the demo.
    pub(super) token: &'static str,
    documents: &'static [(&'static str, &'static str)],
}

pub(super) const GOOGLE: DemoTenant = DemoTenant {
    id: "google",
    token: "demo-token-of-google",
    documents: &[
        ("roadmap", "Google's plan for next year: ship the map of the office."),
        ("lunch", "On Mondays there is soup."),
    ],
};

pub(super) const MICROSOFT: DemoTenant = DemoTenant {
    id: "microsoft",
    token: "demo-token-of-microsoft",
    documents: &[
        ("budget", "Microsoft's plan for the budget: a larger coffee machine."),
        ("travel", "Trains before planes."),
    ],
};

/// From a tool's name and its arguments to its result.
type Run = dyn Fn(&str, &Value) -> Result<Value, String> + Send + Sync;

/// Tools, and what they do.
pub(super) struct Toolbox {
    pub(super) name: String,
    tools: Value,
    run: Box<Run>,
}

impl Toolbox {
    /// The result of `tools/list`.
    pub(super) fn list(&self) -> Value {
        json!({"tools": self.tools, "ttlMs": 0, "cacheScope": "private", "resultType": "complete"})
    }

    /// The result of `tools/call`.
    pub(super) fn call(&self, params: &Value) -> Result<Value, String> {
        let name = params["name"].as_str().unwrap_or_default();
        let known = self
            .tools
            .as_array()
            .is_some_and(|tools| tools.iter().any(|tool| tool["name"] == name));
        if !known {
            return Err(format!("Unknown tool: {name}"));
        }
        Ok(match (self.run)(name, &params["arguments"]) {
            Ok(value) => json!({
                "content": [{"type": "text", "text": value.to_string()}],
                "structuredContent": value,
                "resultType": "complete",
            }),
            Err(problem) => json!({
                "content": [{"type": "text", "text": problem}],
                "isError": true,
                "resultType": "complete",
            }),
        })
    }
}

fn tool(name: &str, description: &str, properties: Value, required: &[&str]) -> Value {
    json!({"name": name, "description": description,
        "inputSchema": {"type": "object", "properties": properties, "required": required}})
}

/// The documents of whichever tenant shows its token.
pub(super) fn documents(token: &str) -> Option<Toolbox> {
    let tenant = [GOOGLE, MICROSOFT].into_iter().find(|tenant| tenant.token == token)?;
    let query = json!({"query": {"type": "string", "description": "Words to look for"}});
    let id = json!({"id": {"type": "string", "description": "Id from search_documents"}});
    Some(Toolbox {
        name: "documents".into(),
        tools: json!([
            tool("search_documents", "Find documents that hold a word.", query, &["query"]),
            tool("read_document", "Read one document.", id, &["id"]),
        ]),
        run: Box::new(move |name, arguments| match name {
            "search_documents" => {
                let query = arguments["query"].as_str().unwrap_or_default().to_lowercase();
                let found = tenant
                    .documents
                    .iter()
                    .filter(|(_, text)| text.to_lowercase().contains(&query));
                let found: Vec<Value> =
                    found.map(|(id, text)| json!({"id": id, "text": text})).collect();
                Ok(json!({"tenant": tenant.id, "documents": found}))
            }
            _ => {
                let id = arguments["id"].as_str().unwrap_or_default();
                let found = tenant.documents.iter().find(|(other, _)| *other == id);
                found
                    .map(|(id, text)| json!({"tenant": tenant.id, "id": id, "text": text}))
                    .ok_or_else(|| {
                        format!("There is no document \"{id}\". Use search_documents first.")
                    })
            }
        }),
    })
}

/// A server of the large company: many tools, which all answer what they were asked.
pub(super) fn of_company(server: &ServerId) -> Option<Toolbox> {
    let tools = large::tools_of(server);
    let words = json!({
        "query": {"type": "string", "description": "Words to look for"},
        "limit": {"type": "integer", "description": "How many at most"},
    });
    let tools: Vec<Value> =
        tools.iter().map(|(name, what)| tool(name, what, words.clone(), &["query"])).collect();
    (!tools.is_empty()).then(|| Toolbox {
        name: server.to_string(),
        tools: tools.into(),
        run: Box::new(|name, arguments| Ok(json!({"tool": name, "asked": arguments}))),
    })
}

/// Issues of a code host, kept in memory.
pub(super) fn issues() -> Toolbox {
    let issues = Mutex::new(vec!["The door squeaks".to_owned()]);
    let title = json!({"title": {"type": "string", "description": "What it is about"}});
    Toolbox {
        name: "issues".into(),
        tools: json!([
            tool("list_issues", "List all issues.", json!({}), &[]),
            tool("create_issue", "Add an issue.", title, &["title"]),
        ]),
        run: Box::new(move |name, arguments| {
            let mut issues = issues.lock().unwrap_or_else(PoisonError::into_inner);
            if name == "create_issue" {
                let title = arguments["title"].as_str().filter(|title| !title.is_empty());
                issues.push(title.ok_or("title must not be empty")?.to_owned());
            }
            let numbered = issues
                .iter()
                .enumerate()
                .map(|(at, title)| json!({"number": at + 1, "title": title}));
            Ok(json!({"issues": numbered.collect::<Vec<_>>()}))
        }),
    }
}

/// A JSON-RPC answer: a result, or an error with its code.
pub(super) fn envelope(id: &Value, result: Result<Value, (i64, String)>) -> Value {
    match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err((code, problem)) => {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": problem}})
        }
    }
}
