//! The members that the protocol knows, over all its methods and revisions. What is none of them is
//! not passed on; what may be read as one of them is refused.

/// Of a JSON-RPC message.
pub(super) const ENVELOPE: &[&str] = &["jsonrpc", "id", "method", "params", "result", "error"];

/// Of the params of what a client sends.
pub(super) const PARAMS: &[&str] = &[
    "name",
    "arguments",
    "_meta",
    // Pages, resources, completion.
    "cursor",
    "uri",
    "ref",
    "argument",
    "context",
    // The handshake, and the level of logs.
    "protocolVersion",
    "capabilities",
    "clientInfo",
    "level",
    // Tasks, and what a server asked for.
    "task",
    "taskId",
    "inputResponses",
    "requestState",
    // Cancellation and progress.
    "requestId",
    "reason",
    "progressToken",
    "progress",
    "total",
    "message",
];

/// How the protocol's own keys of metadata begin. They are written anew for each hop.
pub(super) const OWN: &str = "io.modelcontextprotocol/";

/// Of the metadata of a request.
pub(super) const META: &[&str] = &[
    "progressToken",
    META_VERSION,
    META_CAPABILITIES,
    META_LOG_LEVEL,
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/serverInfo",
    "io.modelcontextprotocol/related-task",
    "io.modelcontextprotocol/subscriptionId",
    "traceparent",
    "tracestate",
    "baggage",
];

pub(super) const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(super) const META_LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// Of a client's capabilities.
pub(super) const CAPABILITIES: &[&str] =
    &["experimental", "extensions", "roots", "sampling", "elicitation", "tasks"];

/// Of the task that a call asks for.
pub(super) const TASK: &[&str] = &["ttl", "taskId"];
