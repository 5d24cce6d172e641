//! What happened: one event for each call, also for those that were refused or failed.

use std::sync::Arc;

use crate::{Because, Caller, ConnectionId, Denial, Snapshot, Timestamp};

/// One call, as the gateway saw it.
#[derive(Debug, Clone)]
pub struct CallEvent {
    /// When it came in.
    pub at: Timestamp,
    /// The records it was decided by.
    pub snapshot: Arc<Snapshot>,
    /// Who made it.
    pub caller: Caller,
    /// Through which face: `mcp` or `openapi`.
    pub face: &'static str,
    /// The connection that was meant, if the name led to one.
    pub connection: Option<ConnectionId>,
    /// The tool, by the name the caller used.
    pub tool: Arc<str>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in microseconds.
    pub duration_micros: u64,
    /// Bytes of arguments.
    pub bytes_in: u64,
    /// Bytes of result.
    pub bytes_out: u64,
    /// The number that ties it to log lines and answers.
    pub request_id: u64,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered.
    Answered(Because),
    /// The server answered that its tool failed.
    ToolError(Because),
    /// The caller may not.
    Denied(Denial),
    /// The server could not be asked, did not answer as it should, or the right to the call ended
    /// while it was under way.
    Failed(Because, &'static str),
    /// The caller went away.
    Cancelled(Because),
}

impl Outcome {
    /// The outcome in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::ToolError(_) => "tool-error",
            Self::Denied(_) => "denied",
            Self::Failed(..) => "failed",
            Self::Cancelled(_) => "cancelled",
        }
    }
}
