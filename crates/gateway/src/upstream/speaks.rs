/// What a connection was found to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Speaks {
    StreamableHttpModern,
    StreamableHttpLegacy,
    HttpSse,
    StdioModern,
    StdioLegacy,
    OpenApi,
    /// It wants another credential.
    RefusesCredential,
    /// It answers, but nothing of these.
    SomethingElse,
    /// Its command or its credential cannot be used.
    Unusable,
    /// It does not answer.
    Nothing,
    Unseen,
}

impl Speaks {
    /// As it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StreamableHttpModern => "Streamable HTTP, modern",
            Self::StreamableHttpLegacy => "Streamable HTTP, legacy",
            Self::HttpSse => "HTTP+SSE",
            Self::StdioModern => "stdio, modern",
            Self::StdioLegacy => "stdio, legacy",
            Self::OpenApi => "OpenAPI",
            Self::RefusesCredential => "refuses the credential",
            Self::SomethingElse => "not MCP",
            Self::Unusable => "misconfigured",
            Self::Nothing => "unreachable",
            Self::Unseen => "not checked yet",
        }
    }
}
