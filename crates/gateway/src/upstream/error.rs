use std::borrow::Cow;

use gatehall_vault::VaultError;

use super::speaks::Speaks;

/// Why an upstream could not be asked, or did not answer as it should. The text is for
/// administrators and logs; a caller gets [`UpstreamError::public`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum UpstreamError {
    /// No connection came about.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("it did not answer within {0} seconds")]
    TimedOut(u64),
    /// It refuses the credential, or wants one.
    #[error("it refuses the credential (HTTP {status}){}", behind(": ", excerpt))]
    Refused {
        /// The status.
        status: u16,
        /// What it says of it.
        excerpt: String,
    },
    /// It answered with an HTTP error.
    #[error("it answered HTTP {status}{}", behind(": ", excerpt))]
    Status {
        /// The status.
        status: u16,
        /// What it says of it.
        excerpt: String,
    },
    /// It answered something that is not the protocol.
    #[error("it does not answer as an MCP server: {0}")]
    Junk(String),
    /// It answered another request than it was asked.
    #[error("it answered with id {answered} to request {asked}")]
    WrongId {
        /// The id of its answer, as it is written.
        answered: String,
        /// Our id.
        asked: u64,
    },
    /// It compresses what it was asked not to compress.
    #[error("it encodes its answers as {0}, although it is asked not to")]
    Encoded(String),
    /// It answered this call with what cannot be read: why, and how that begins.
    #[error("its answer cannot be read: {0}")]
    Unreadable(String),
    /// Its answer is larger than what is passed on.
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
    /// It went away in the middle.
    #[error("it went away before it answered: {0}")]
    Ended(String),
    /// It does not know the session any more, and there is another one now.
    #[error("it lost the session")]
    SessionLost,
    /// It answered the handshake with a protocol error.
    #[error("it refuses the handshake: {0}")]
    Handshake(String),
    /// It does not agree with what the gateway says of a request, which did not run.
    #[error("it does not agree with the gateway on the request: {0}")]
    Disagrees(String),
    /// It failed repeatedly and is left alone for a moment.
    #[error("it failed repeatedly and is asked again in a moment; last: {0}")]
    Resting(String),
    /// As many calls as are allowed are under way.
    #[error("{0} calls are under way already")]
    Busy(usize),
    /// A credential cannot be opened.
    #[error("its credential {placement} cannot be used: {problem}")]
    Credential {
        /// Where it would go.
        placement: String,
        /// Why not.
        problem: String,
    },
    /// It speaks something this version does not carry calls to.
    #[error("it speaks {}, to which this version cannot carry calls yet", .0.as_str())]
    Unsupported(Speaks),
    /// It is described for each tenant, and the connection is none's.
    #[error("its description has a place for a tenant's id, and this connection belongs to none")]
    NoTenant,
    /// The process could not be started.
    #[error("the command cannot be started: {0}")]
    Spawn(String),
}

impl UpstreamError {
    /// A credential that cannot be used.
    pub(crate) fn credential(placement: impl ToString, problem: &VaultError) -> Self {
        Self::Credential { placement: placement.to_string(), problem: problem.to_string() }
    }

    /// The same error with other texts in place of those that may be a server's.
    pub(super) fn map(self, text: impl Fn(String) -> String) -> Self {
        match self {
            Self::Unreachable(it) => Self::Unreachable(text(it)),
            Self::Status { status, excerpt } => Self::Status { status, excerpt: text(excerpt) },
            Self::Refused { status, excerpt } => Self::Refused { status, excerpt: text(excerpt) },
            Self::WrongId { answered, asked } => Self::WrongId { answered: text(answered), asked },
            Self::Encoded(it) => Self::Encoded(text(it)),
            Self::Junk(it) => Self::Junk(text(it)),
            Self::Unreadable(it) => Self::Unreadable(text(it)),
            Self::Ended(it) => Self::Ended(text(it)),
            Self::Handshake(it) => Self::Handshake(text(it)),
            Self::Disagrees(it) => Self::Disagrees(text(it)),
            Self::Resting(it) => Self::Resting(text(it)),
            Self::Spawn(it) => Self::Spawn(text(it)),
            // No wildcard: whoever adds a text decides here whose it is.
            Self::TimedOut(_)
            | Self::TooLarge(_)
            | Self::SessionLost
            | Self::Busy(_)
            | Self::Credential { .. }
            | Self::Unsupported(_)
            | Self::NoTenant => self,
        }
    }

    /// What a caller may know. That a request is not to its liking, a server says to its caller;
    /// what it says of its own troubles is not for everybody.
    pub(crate) fn public(&self) -> Cow<'static, str> {
        let page = |excerpt: &str| excerpt.starts_with("\"<");
        Cow::Borrowed(match self {
            // It is the caller's own answer, and without the connection's secrets.
            Self::Unreadable(it) => {
                return format!("did not answer as it should, and cannot be read: {it}").into();
            }
            Self::Status { status: status @ 400..=499, excerpt }
            | Self::Refused { status, excerpt }
                if !excerpt.is_empty() && !page(excerpt) =>
            {
                return format!("refuses the request (HTTP {status}): {excerpt}").into();
            }
            Self::TimedOut(_) => "did not answer in time",
            Self::TooLarge(_) => "answered more than can be passed on: ask for less",
            Self::Busy(_) => "is busy: try again in a moment",
            Self::Unsupported(_) => "cannot be used yet",
            Self::Refused { .. } => "refuses the request",
            Self::Junk(_)
            | Self::Ended(_)
            | Self::Status { .. }
            | Self::WrongId { .. }
            | Self::Encoded(_)
            | Self::Disagrees(_) => "did not answer as it should",
            _ => "cannot be reached just now: try again later",
        })
    }

    /// The HTTP status that says the same to an OpenAPI client.
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::TimedOut(_) => 504,
            Self::Busy(_) | Self::Resting(_) => 503,
            _ => 502,
        }
    }

    /// The error in a word, for the audit.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut(_) => "timed out",
            Self::Refused { .. } => "credential refused",
            Self::Status { .. } => "HTTP error",
            Self::Junk(_) => "not MCP",
            Self::WrongId { .. } => "wrong id",
            Self::Encoded(_) => "encoded",
            Self::Unreadable(_) => "unreadable",
            Self::TooLarge(_) => "answer too large",
            Self::Ended(_) => "went away",
            Self::SessionLost => "session lost",
            Self::Handshake(_) => "handshake refused",
            Self::Disagrees(_) => "disagrees",
            Self::Resting(_) => "resting",
            Self::Busy(_) => "busy",
            Self::Credential { .. } => "credential unusable",
            Self::Unsupported(_) => "unsupported",
            Self::NoTenant => "no tenant",
            Self::Spawn(_) => "not started",
        }
    }

    /// What an administrator can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => {
                "check the address, and that the server runs and may be reached from here"
            }
            Self::Status { status: 300..=399, .. } => {
                "use the address it names: a credential is never sent on"
            }
            Self::Status { status: 404 | 405, .. } => {
                "check the address: MCP servers usually listen at /mcp"
            }
            Self::TimedOut(_) => {
                "look at the server's load and log; for a call raise the connection's \
                 timeout_seconds, for its list GATEHALL_OPEN_TIMEOUT_SECONDS"
            }
            Self::Refused { .. } => {
                "give it another credential on the connection's page, or with gatehall connection change"
            }
            Self::Status { .. } | Self::Ended(_) => "look into the server's own log",
            Self::Unreadable(_) => {
                "mend the server: it has to write JSON-RPC messages in UTF-8, one on each line, \
                 and nothing else on its standard output"
            }
            Self::Junk(_) => "check the address: MCP servers usually listen at /mcp",
            Self::WrongId { .. } => "mend the server: an answer has the id of its request",
            Self::Encoded(_) => "have the server, or the proxy before it, heed Accept-Encoding",
            Self::TooLarge(_) => "ask the tool for less, or raise GATEHALL_RESPONSE_BYTES",
            Self::SessionLost | Self::Disagrees(_) | Self::Resting(_) | Self::Busy(_) => {
                "nothing: it is tried again by itself"
            }
            Self::Handshake(_) => "check that the server speaks a published revision of MCP",
            Self::Credential { .. } => {
                "mend that, or give the credential another value, place or source"
            }
            Self::NoTenant => "connect it for a tenant, or give this connection an own address",
            Self::Unsupported(_) => "use the server's Streamable HTTP endpoint, if it has one",
            Self::Spawn(_) => {
                "check the command, and declare PATH in the server's environment if it needs one"
            }
        }
    }

    /// Whether it says that the server is gone, whoever asked for what.
    pub(crate) const fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::TimedOut(_) | Self::Status { status: 500.., .. }
        )
    }

    /// Whether the upstream is in trouble if this came of what the gateway asks on its own behalf,
    /// so that asking again at once is of no use.
    pub(crate) const fn is_trouble(&self) -> bool {
        !matches!(
            self,
            Self::Busy(_)
                | Self::Disagrees(_)
                | Self::Resting(_)
                | Self::SessionLost
                | Self::TooLarge(_)
                | Self::Unreadable(_)
        )
    }
}

/// A text behind what introduces it, if there is any.
fn behind(introduction: &str, text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("{introduction}{text}"),
    }
}
