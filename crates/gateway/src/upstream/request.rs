//! What goes to an upstream. Every hop has its own ids and progress tokens. Of what a client sent
//! only its arguments and foreign metadata pass on, as they came; all else is written anew.

use bytes::Bytes;
use gatehall_domain::Permit;

use super::log_level::LogLevel;
use crate::{
    era::{self, Era},
    json::{self, ObjectWriter},
    trace::Trace,
};

/// A call on its way to an upstream. Only a [`Permit`] makes one possible.
#[derive(Debug, Clone)]
pub(crate) struct ToolCall {
    /// The leave to make it.
    pub(crate) permit: Permit,
    /// What of the client's request passes on.
    pub(crate) passed: Passed,
    /// Headers that repeat arguments (`Mcp-Param-*`), for upstreams of the modern era.
    pub(crate) headers: Vec<(http::HeaderName, http::HeaderValue)>,
}

/// What of a client's request passes on.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    /// The arguments as raw JSON, if there are any.
    pub(crate) arguments: Option<String>,
    /// What of `_meta` is neither the protocol's own nor the progress token, as a raw JSON object.
    pub(crate) meta: Option<String>,
    /// The client's progress token as raw JSON, if it wants to hear of progress.
    pub(crate) progress_token: Option<String>,
    /// From which level on the client wants log messages, if at all.
    pub(crate) log_level: Option<LogLevel>,
    /// The trace that the client's request belongs to.
    pub(crate) trace: Option<Trace>,
}

impl ToolCall {
    /// The JSON-RPC message, with an id of ours.
    pub(crate) fn message(&self, id: u64, era: Era) -> Bytes {
        self.passed.message(self.permit.tool(), id, era)
    }
}

impl Passed {
    /// A call of the tool with this name of the server's. The id serves as progress token, too.
    pub(crate) fn message(&self, tool: &str, id: u64, era: Era) -> Bytes {
        let name = json::string(tool);
        let arguments = self.arguments.as_deref().unwrap_or_default();
        let meta = self.meta.as_deref().map_or("", members);
        let mut text = String::with_capacity(arguments.len() + meta.len() + name.len() + 360);
        text.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
        text.push_str(&id.to_string());
        text.push_str(",\"method\":\"tools/call\",\"params\":{\"name\":");
        text.push_str(&name);
        if !arguments.is_empty() {
            text.push_str(",\"arguments\":");
            text.push_str(arguments);
        }
        let progress = self.progress_token.is_some().then_some(id);
        push_meta(&mut text, era, meta, progress, self.log_level, self.trace.as_ref());
        text.push_str("}}");
        text.into()
    }
}

/// The members of an object that was written here, without its braces.
fn members(object: &str) -> &str {
    object.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or_default()
}

fn push_meta(
    text: &mut String,
    era: Era,
    own: &str,
    progress: Option<u64>,
    level: Option<LogLevel>,
    trace: Option<&Trace>,
) {
    let modern = era == Era::Modern;
    if !modern && own.is_empty() && progress.is_none() {
        return;
    }
    text.push_str(",\"_meta\":{");
    let start = text.len();
    let separate = |text: &mut String| {
        if text.len() > start {
            text.push(',');
        }
    };
    if modern {
        text.push_str(envelope());
        if let Some(level) = level {
            text.push_str(",\"io.modelcontextprotocol/logLevel\":\"");
            text.push_str(level.as_str());
            text.push('"');
        }
        // Only the modern revision has a place for it there.
        for (name, value) in trace.into_iter().flat_map(Trace::members) {
            text.push_str(&format!(",\"{name}\":{}", json::string(value)));
        }
    }
    if let Some(token) = progress {
        separate(text);
        text.push_str("\"progressToken\":");
        text.push_str(&token.to_string());
    }
    if !own.is_empty() {
        separate(text);
        text.push_str(own);
    }
    text.push('}');
}

/// The members of `_meta` that every modern request carries. The gateway offers no capabilities:
/// it cannot ask a user anything.
fn envelope() -> &'static str {
    concat!(
        "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",",
        "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"gatehall\",\"version\":\"",
        env!("CARGO_PKG_VERSION"),
        "\"},\"io.modelcontextprotocol/clientCapabilities\":{}"
    )
}

/// A request of the gateway's own, such as `tools/list`.
pub(crate) fn own_request(id: u64, method: &str, era: Era, params: &[(&str, String)]) -> Bytes {
    let mut object = ObjectWriter::new(256);
    for (name, value) in params {
        object.raw(name, value);
    }
    if era == Era::Modern {
        object.raw("_meta", &format!("{{{}}}", envelope()));
    }
    let params = object.finish();
    let mut message = ObjectWriter::new(params.len() + 80);
    message.raw("jsonrpc", "\"2.0\"").raw("id", &id.to_string()).string("method", method);
    message.raw("params", &params);
    message.finish().into()
}

/// The method by which a modern server is asked to tell of changes.
pub(crate) const LISTEN: &str = "subscriptions/listen";

/// Asks to be told when the tools have changed.
pub(crate) fn listen(id: u64) -> Bytes {
    let wanted = ("notifications", "{\"toolsListChanged\":true}".to_owned());
    own_request(id, LISTEN, Era::Modern, &[wanted])
}

/// The legacy handshake. It offers the newest legacy revision.
pub(crate) fn initialize(id: u64) -> Bytes {
    let info = format!("{{\"name\":\"gatehall\",\"version\":\"{}\"}}", env!("CARGO_PKG_VERSION"));
    let params = [
        ("protocolVersion", json::string(era::NEWEST_LEGACY)),
        ("capabilities", "{}".to_owned()),
        ("clientInfo", info),
    ];
    own_request(id, "initialize", Era::Legacy, &params)
}

/// A notification of ours.
pub(crate) fn notification(method: &str, params: &[(&str, String)]) -> Bytes {
    let mut object = ObjectWriter::new(64);
    for (name, value) in params {
        object.raw(name, value);
    }
    let params = object.finish();
    let mut message = ObjectWriter::new(params.len() + 64);
    message.raw("jsonrpc", "\"2.0\"").string("method", method).raw("params", &params);
    message.finish().into()
}

/// Tells an upstream that nobody waits for this request any more.
pub(crate) fn cancelled(id: u64) -> Bytes {
    let reason = json::string("the caller went away");
    notification("notifications/cancelled", &[("requestId", id.to_string()), ("reason", reason)])
}
