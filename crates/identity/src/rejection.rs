use gatehall_domain::EmailAddress;

/// Why a proof was not accepted. The texts may be shown to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is none.
    #[error("This needs an API key: send it as \"Authorization: Bearer ghk_\u{2026}\".")]
    NoProof,
    /// There are several, and nobody could say which counts.
    #[error("The header {0} is there more than once: send it once.")]
    Repeated(&'static str),
    /// It is of no kind that is accepted here.
    #[error("The Authorization header holds no Gatehall API key: send \"Bearer ghk_\u{2026}\".")]
    UnknownKind,
    /// The key does not exist, has another secret, has ended, was revoked, or its user is gone.
    #[error("The API key is not valid, has ended or was revoked: ask for a new one.")]
    BadKey,
    /// The signed user header of a client is not acceptable. The holder of a valid service key may
    /// know why.
    #[error("The header X-OpenWebUI-User-Jwt is not acceptable: {0}.")]
    BadUserHeader(&'static str),
    /// The address belongs to a user who is bound to another account there.
    #[error(
        "{0} is bound to another account of Open WebUI: an administrator can unbind it with gatehall user change {0} --unbind open-webui."
    )]
    OtherAccount(EmailAddress),
    /// A user came for the first time and could not be added.
    #[error("{0} came for the first time and could not be added just now: try again.")]
    NotAdded(EmailAddress),
}
