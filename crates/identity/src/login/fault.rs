/// Why a sign-in did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInFault {
    /// Nobody can sign in before the gate knows its own address.
    #[error("Nobody can sign in yet: an administrator has to set GATEHALL_PUBLIC_URL.")]
    NoAddress,
    /// There is no such provider.
    #[error("There is no provider of that name to sign in with.")]
    NoProvider,
    /// The provider does not answer, or not as it should.
    #[error("The provider is not answering properly at the moment: try again in a minute.")]
    Provider,
    /// The answer has no state, or several, or a code more than once.
    #[error("The provider's answer is incomplete: sign in again.")]
    Form,
    /// The answer belongs to no sign-in that this browser began, or to one that is over.
    #[error("This sign-in was started elsewhere, is over, or took too long: sign in again.")]
    State,
    /// The answer comes from another provider than the one that was asked.
    #[error("The answer came from a different provider than the one asked: sign in again.")]
    OtherIssuer,
    /// The provider says no.
    #[error("The provider did not sign you in: {0}.")]
    Refused(String),
    /// The provider was to have the person prove anew who they are, and does not say that they did.
    #[error(
        "{0} does not say that you have just authenticated: sign in again and authenticate there. If that does not help, an administrator has to make {0} send auth_time in its ID tokens."
    )]
    NotProved(String),
    /// The provider does not take the code.
    #[error("The provider no longer knows this sign-in: sign in again.")]
    Code,
    /// The provider does not take this gate's secret.
    #[error("The provider does not know this gate: an administrator can see why on its page.")]
    Client,
    /// The link was used, or its time is over.
    #[error("This link has been used already, or its 15 minutes are over: ask for a new one.")]
    Link,
}

impl SignInFault {
    /// The rule that refused, as it stands in the audit.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::NoAddress => "sign-in.public-url",
            Self::NoProvider => "sign-in.provider",
            Self::Provider => "sign-in.provider-down",
            Self::Form => "sign-in.form",
            Self::State => "sign-in.state",
            Self::OtherIssuer => "sign-in.iss",
            Self::Refused(_) => "sign-in.refused",
            Self::NotProved(_) => "sign-in.auth-time",
            Self::Code => "sign-in.code",
            Self::Client => "sign-in.client",
            Self::Link => "sign-in.link",
        }
    }
}
