use gatehall_domain::{EmailAddress, quoted};

use crate::{SignInFault, token::TokenFault};

/// Why a proof was not accepted. The texts may be shown to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is none.
    #[error(
        "This needs an API key or an access token: send it as \"Authorization: Bearer \u{2026}\"."
    )]
    NoProof,
    /// There are several, and nobody could say which counts.
    #[error("The header {0} is there more than once: send it once.")]
    Repeated(&'static str),
    /// It is of no kind that is accepted here.
    #[error(
        "The Authorization header holds neither a Gatehall API key nor an access token: send \"Bearer ghk_\u{2026}\"."
    )]
    UnknownKind,
    /// The key does not exist, has another secret, has ended, was revoked, or its user is gone.
    #[error("The API key is not valid, has expired or was revoked: ask for a new one.")]
    BadKey,
    /// The key opens the management API, and would be handed on to a backend.
    #[error(
        "This key opens the management API, and whoever runs this host would get it: use one that was made without --manage."
    )]
    ManagementKey,
    /// What a proxy says of a user who signed in there is not acceptable.
    #[error("What the proxy says of its user is not acceptable: {0}.")]
    BadForwardedUser(&'static str),
    /// The access token is not acceptable.
    #[error("The access token is not acceptable: {0}.")]
    BadToken(TokenFault),
    /// The access token has none of the scopes that this needs.
    #[error("The access token lacks the scope this needs: request it and try again.")]
    Scope(Vec<String>),
    /// The session does not exist, has ended, or its user is gone.
    #[error("You are not signed in, or no longer: sign in again.")]
    NoSession,
    /// The signed user header of a client is not acceptable. The holder of a valid service key may
    /// know why.
    #[error("The header X-OpenWebUI-User-Jwt is not acceptable: {0}.")]
    BadUserHeader(&'static str),
    /// It is signed with a secret that no Open WebUI has here.
    #[error(
        "The header X-OpenWebUI-User-Jwt is not acceptable: its signature does not fit GATEHALL_OPEN_WEBUI_SECRET, which must equal FORWARD_USER_INFO_HEADER_JWT_SECRET of Open WebUI (several are in the file of GATEHALL_OPEN_WEBUIS)."
    )]
    UnknownSecret,
    /// The address belongs to a user who is bound to another account there.
    #[error(transparent)]
    OtherAccount(Box<OtherAccount>),
    /// There are two proofs, and they name two people.
    #[error(
        "This request shows two proofs that name two people, or one that cannot be compared: send one of them, or delete the cookies of this site."
    )]
    TwoPeople,
    /// A personal key came with the signed user header of a client that serves many people.
    #[error(
        "This is a personal key, and the client names its users itself, so that all of them would act as the key's owner: use a service key (gatehall key add --service)."
    )]
    PersonalKeyForMany,
    /// Open WebUI is not believed about addresses of this domain.
    #[error(
        "Open WebUI may not vouch for {0} here: an administrator of Gatehall has to add the domain to GATEHALL_OPEN_WEBUI_DOMAINS (or to its domains in the file of GATEHALL_OPEN_WEBUIS), or bind the account with gatehall user change {user} --bind {account}.",
        user = quoted(.0.as_str()),
        account = quoted(.1)
    )]
    NotVouched(EmailAddress, String),
    /// An address alone makes nobody an administrator.
    #[error(
        "{0} administers something here, and an address alone does not make an account theirs: an administrator of Gatehall has to bind it with gatehall user change {user} --bind {account}, or set GATEHALL_OPEN_WEBUI_BINDS_ADMINS (or its binds_admins in the file of GATEHALL_OPEN_WEBUIS).",
        user = quoted(.0.as_str()),
        account = quoted(.1)
    )]
    AddressAlone(EmailAddress, String),
    /// Whoever has the address here is disabled.
    #[error("{0} is disabled here: ask an administrator of Gatehall.")]
    Disabled(EmailAddress),
    /// Somebody proved who they are, and is nobody here.
    #[error(transparent)]
    Person(PersonFault),
    /// A sign-in did not come to its end.
    #[error(transparent)]
    SignIn(SignInFault),
    /// What somebody proved could not be kept just now.
    #[error("This could not be saved at the moment: try again.")]
    NotKept,
    /// Too many came, or too often.
    #[error("Too many requests: try again in {0} seconds.")]
    TooMany(u64),
}

/// An account whose address is that of a user who is bound to another one there: it was made anew,
/// or the address went to somebody else. Only a person can tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{email} is known here with another account of {source_name}, as happens when an account is removed there and made again: ask an administrator of Gatehall to unbind the old one, on the page of the user or with gatehall user change {user} --unbind {door}.",
    user = quoted(.email.as_str()),
    door = quoted(.source_name)
)]
pub struct OtherAccount {
    /// The address.
    pub email: EmailAddress,
    /// The source, as accounts are bound and unbound by.
    pub source_name: String,
    /// As in [`Identity`](gatehall_domain::Identity).
    pub issuer: String,
    /// The account that came.
    pub subject: String,
}

/// Why somebody whose account is right may not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonFault {
    /// The provider names no address about which it is believed.
    #[error(
        "Your account has no e-mail address that this provider may vouch for here: ask an administrator to add its domain to the provider, or to link your account."
    )]
    Address,
    /// Nobody here has the address, and unknown users are not added.
    #[error("No user here has the email of your account: ask an administrator to add you.")]
    Unknown,
    /// The user is disabled.
    #[error("Your account here is disabled: ask an administrator.")]
    Disabled,
    /// What is kept of the account, or of the user, cannot be read.
    #[error(
        "What is kept here of your account cannot be read: an administrator has to look at it, with gatehall doctor."
    )]
    Unread,
    /// A claim that opens groups is not a list of texts.
    #[error("The claim {0} of your account cannot be read: an administrator has to look at it.")]
    WrongClaim(String),
}

impl Rejection {
    /// Whether the proofs are good and it is something else that keeps whoever sent them out, so
    /// that no other try helps.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Person(_)
                | Self::TwoPeople
                | Self::PersonalKeyForMany
                | Self::OtherAccount(..)
                | Self::NotVouched(..)
                | Self::AddressAlone(..)
                | Self::Disabled(_)
        )
    }

    /// The address that the account of somebody has who may not act as its user, although the
    /// source is whom it says to be.
    pub fn claimed(&self) -> Option<&EmailAddress> {
        match self {
            Self::OtherAccount(it) => Some(&it.email),
            Self::NotVouched(email, _) | Self::AddressAlone(email, _) | Self::Disabled(email) => {
                Some(email)
            }
            _ => None,
        }
    }

    /// The rule that refused, as it stands in the audit.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::NoProof => "proof.none",
            Self::Repeated(_) => "proof.repeated",
            Self::UnknownKind | Self::BadForwardedUser(_) => "proof.kind",
            Self::BadKey => "key",
            Self::ManagementKey => "key.manage",
            Self::BadToken(fault) => fault.rule(),
            Self::Scope(_) => "token.scope",
            Self::NoSession => "session",
            Self::BadUserHeader(_) => "open-webui.header",
            Self::UnknownSecret => "open-webui.secret",
            Self::OtherAccount(..) => "person.other-account",
            Self::TwoPeople => "proof.two-people",
            Self::PersonalKeyForMany => "proof.personal-key",
            Self::NotVouched(..) => "open-webui.domain",
            Self::AddressAlone(..) => "open-webui.admin",
            Self::Disabled(_) => PersonFault::Disabled.rule(),
            Self::Person(fault) => fault.rule(),
            Self::SignIn(fault) => fault.rule(),
            Self::NotKept => "store",
            Self::TooMany(_) => "limit",
        }
    }
}

impl PersonFault {
    const fn rule(&self) -> &'static str {
        match self {
            Self::Address => "person.address",
            Self::Unknown => "person.unknown",
            Self::Disabled => "person.disabled",
            Self::Unread => "person.unread",
            Self::WrongClaim(_) => "person.claim",
        }
    }
}

impl From<TokenFault> for Rejection {
    fn from(fault: TokenFault) -> Self {
        Self::BadToken(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_are_suggested_run_nothing_of_an_address() {
        let email: EmailAddress = "$(/tmp/x)@evil.example".parse().unwrap();
        for rejection in [
            Rejection::OtherAccount(Box::new(OtherAccount {
                email: email.clone(),
                source_name: "a;b".into(),
                issuer: "i".into(),
                subject: "s".into(),
            })),
            Rejection::NotVouched(email.clone(), "open-webui=$(b)".into()),
            Rejection::AddressAlone(email.clone(), "open-webui=$(b)".into()),
        ] {
            let said = rejection.to_string();
            let command = said.split_once("gatehall user change ").unwrap().1;
            let (account, option) = match rejection {
                Rejection::OtherAccount(..) => ("'a;b'", "--unbind"),
                _ => ("'open-webui=$(b)'", "--bind"),
            };
            let quoted = format!("'$(/tmp/x)@evil.example' {option} {account}");
            assert!(command.starts_with(&quoted), "{said}");
        }
    }
}
