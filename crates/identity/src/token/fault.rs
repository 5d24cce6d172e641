/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant's text says what it is")]
pub enum TokenFault {
    TooLong,
    Unreadable,
    Algorithm,
    Critical,
    Type,
    UnknownProvider,
    UnknownKey,
    Signature,
    Claims,
    Issuer,
    Directory,
    Audience,
    FurtherAudience,
    AuthorizedParty,
    Client,
    Expired,
    NotYet,
    Future,
    Old,
    Nonce,
    AccessTokenHash,
    Subject,
    IdToken,
    App,
    NotALogout,
    Replayed,
}

impl TokenFault {
    /// The rule that refuses it, as it stands in the audit.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::TooLong => "token.length",
            Self::Unreadable => "token.form",
            Self::Algorithm => "token.alg",
            Self::Critical => "token.crit",
            Self::Type => "token.typ",
            Self::UnknownProvider => "token.provider",
            Self::UnknownKey => "token.kid",
            Self::Signature => "token.signature",
            Self::Claims => "token.claims",
            Self::Issuer => "token.iss",
            Self::Directory => "token.tid",
            Self::Audience => "token.aud",
            Self::FurtherAudience => "token.aud.further",
            Self::AuthorizedParty => "token.azp",
            Self::Client => "token.client",
            Self::Expired => "token.exp",
            Self::NotYet => "token.nbf",
            Self::Future => "token.iat.future",
            Self::Old => "token.iat.old",
            Self::Nonce => "token.nonce",
            Self::AccessTokenHash => "token.at_hash",
            Self::Subject => "token.sub",
            Self::IdToken => "token.id_token",
            Self::App => "token.app",
            Self::NotALogout => "token.events",
            Self::Replayed => "token.jti",
        }
    }

    /// The same in words, which may be shown to whoever sent the token.
    pub const fn text(self) -> &'static str {
        match self {
            Self::TooLong => "it is too long",
            Self::Unreadable => "it is not a readable JSON Web Token",
            Self::Algorithm => "it is not signed with RS256, PS256, ES256 or EdDSA",
            Self::Critical => "it demands an extension that is not known here",
            Self::Type => "it is a token of another type",
            Self::UnknownProvider => "no provider of its issuer is known here",
            Self::UnknownKey => "it names no key that its provider publishes",
            Self::Signature => "its signature is wrong",
            Self::Claims => "a claim is missing or of the wrong type",
            Self::Issuer => "it comes from another issuer",
            Self::Directory => "its directory may not come here",
            Self::Audience => "it is meant for somebody else",
            Self::FurtherAudience => "it is meant for others, too",
            Self::AuthorizedParty => "it was issued to another client",
            Self::Client => "the client it was issued to may not come here",
            Self::Expired => "it has expired",
            Self::NotYet => "it does not count yet",
            Self::Future => "it comes from the future",
            Self::Old => "it was issued too long ago",
            Self::Nonce => "it belongs to another sign-in",
            Self::AccessTokenHash => "it does not fit the access token",
            Self::Subject => "it names nobody",
            Self::IdToken => "it is an ID token; an access token is needed",
            Self::App => "it names an application and no user",
            Self::NotALogout => "it is not a logout token",
            Self::Replayed => "it was used before",
        }
    }
}

impl std::fmt::Display for TokenFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}
