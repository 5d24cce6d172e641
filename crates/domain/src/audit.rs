//! What happened: one event for each call, also for those that were refused or failed, and for what
//! happens at the doors.

use std::{net::IpAddr, sync::Arc};

use crate::{
    Because, Caller, Company, ConnectionId, Denial, EmailAddress, Snapshot, Timestamp, UserId,
};

/// One call, as the gateway saw it.
#[derive(Debug, Clone)]
pub struct CallEvent {
    /// When it came in.
    pub at: Timestamp,
    /// The records it was decided by.
    pub snapshot: Arc<Snapshot>,
    /// Who made it.
    pub caller: Caller,
    /// Through which face: `mcp`, `openapi`, or `portal` for a try there.
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

/// A connection's server defines tools that are left out of the catalogue, or no longer does.
#[derive(Debug, Clone)]
pub struct DefinitionsEvent {
    /// When that was seen.
    pub at: Timestamp,
    /// The records of that time.
    pub snapshot: Arc<Snapshot>,
    /// Whose tools.
    pub connection: ConnectionId,
    /// What is left out, and why; empty if nothing is any more.
    pub left_out: Vec<String>,
}

/// What the gateway tells the audit.
#[derive(Debug)]
pub enum GatewayEvent {
    /// A call ended.
    Call(CallEvent),
    /// A server's definitions were read.
    Definitions(DefinitionsEvent),
}

/// Somebody at a door: a sign-in, a sign-out, or a proof that was refused.
#[derive(Debug, Clone)]
pub struct EntryEvent {
    /// When.
    pub at: Timestamp,
    /// The records it was decided by.
    pub snapshot: Arc<Snapshot>,
    /// What was tried.
    pub attempt: Attempt,
    /// The door: a provider's id, a proxy's kind, `key`, `token`, `link`.
    pub door: String,
    /// Who it turned out to be, if anybody.
    pub user: Option<UserId>,
    /// The address of an account that is not let in, although its source names it.
    pub claimed: Option<EmailAddress>,
    /// What they wanted to enter: a host with its path, or an endpoint.
    pub place: String,
    /// Where they came from.
    pub address: IpAddr,
    /// The rule that refused; none if they were let in.
    pub refused: Option<&'static str>,
}

/// What somebody tried at a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attempt {
    /// To sign in.
    SignIn,
    /// To sign out, or to sign somebody out.
    SignOut,
    /// To enter a place with a proof.
    Enter,
}

impl Attempt {
    /// The attempt in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::Enter => "enter",
        }
    }
}

/// An account that was not let in, since the user of its address is bound to another account there:
/// perhaps it was made anew, perhaps the address went to somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedAccount {
    /// As in [`Identity`](crate::Identity).
    pub issuer: String,
    /// As in [`Identity`](crate::Identity).
    pub subject: String,
    /// The user of the address.
    pub user: UserId,
    /// When it came last.
    pub at: Timestamp,
}

impl RefusedAccount {
    /// Whether somebody still has to decide: the user is still bound to another account.
    pub fn is_open(&self, company: &Company) -> bool {
        let bound = company.subject_of(self.user, &self.issuer);
        bound.is_some_and(|bound| bound != self.subject)
    }
}
