use gatehall_domain::names::shown;
use serde_json::Value;

/// Why something was not asked of Open WebUI, or not done there. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each is its text")]
pub enum Fault {
    #[error("the address of Open WebUI must be one such as http://open-webui:8080")]
    BadAddress,
    #[error(
        "nobody answers at {0} ({1}): is Open WebUI running there, and is that address one that this machine reaches?"
    )]
    Unreachable(String, String),
    #[error("{0} did not answer in time: look at Open WebUI's log, and try again")]
    Slow(String),
    #[error(
        "{0} answers with a page in place of data: is this the address of Open WebUI itself, with nothing behind the host, and not that of a sign-in page in front of it?"
    )]
    Page(String),
    #[error("{0} leads elsewhere, to {1}: give the address of Open WebUI itself")]
    Redirected(String, String),
    #[error("{0} answers with something else than Open WebUI does: {1}")]
    Shape(String, String),
    #[error(
        "{0} is not Open WebUI: it answers {1} where Open WebUI says what it is. Give the address of Open WebUI itself, not that of the gate"
    )]
    NotOpenWebUi(String, u16),
    #[error("{0} answers that there were too many requests: wait a few minutes, and try again")]
    Limited(String),
    #[error("Open WebUI does not know {0}: its version is too old, or too new, for this")]
    NoSuchFunction(String),
    #[error(
        "Open WebUI does not take the token: it has ended, was revoked, or is of another Open WebUI. Sign in there anew, or make a new key (Settings, Account, API keys)"
    )]
    BadToken,
    #[error(
        "a token or API key is one word of visible characters: what was given is another thing"
    )]
    OddToken,
    #[error(
        "Open WebUI takes no API keys: switch Enable API Keys on (Settings, Authentication), or set ENABLE_API_KEYS=true, or give an e-mail address and a password"
    )]
    ApiKeysOff,
    #[error(
        "Open WebUI lets API keys use other paths alone: take the restriction of endpoints away (Settings, Authentication), or give an e-mail address and a password"
    )]
    ApiKeyRestricted,
    #[error(
        "{0} is no administrator of Open WebUI, but has the role {1}: somebody who is one gives it the role admin (Admin Panel, Users). If nobody should have this account, remove it there"
    )]
    NotAdministrator(String, String),
    #[error(
        "the account {0} waits to be activated (its role is pending): an administrator of Open WebUI gives it the role admin (Admin Panel, Users). Where a trusted header says who signs in, an address that had no account just got this one: if it is mistyped, remove it there"
    )]
    Waiting(String),
    #[error(
        "the token is not that of an administrator of Open WebUI: an administrator's is needed"
    )]
    NotAllowed,
    #[error("Open WebUI refuses the e-mail address or the password of {0}")]
    BadPassword(String),
    #[error(
        "Open WebUI has signing in with passwords switched off, and with it trusted headers (ENABLE_PASSWORD_AUTH=false): give an administrator's API key or token"
    )]
    PasswordsOff,
    #[error(
        "Open WebUI asks {0} for a second factor, which only a person has: give an administrator's API key"
    )]
    SecondFactor(String),
    #[error(
        "Open WebUI signs in whom a trusted header names, and takes no passwords: say which with --trusted-header (it is the value of WEBUI_AUTH_TRUSTED_EMAIL_HEADER there)"
    )]
    WantsHeader,
    #[error(
        "Open WebUI does not take the header {0}: it is not the one of WEBUI_AUTH_TRUSTED_EMAIL_HEADER there, or something between takes it away"
    )]
    HeaderNotTaken(String),
    #[error(
        "Open WebUI takes no trusted header: set WEBUI_AUTH_TRUSTED_EMAIL_HEADER={0} there and restart it, or give a token, or an e-mail address and a password"
    )]
    NoTrustedHeader(String),
    #[error("Open WebUI has had too many attempts to sign in: wait for three minutes")]
    TooMany,
    #[error("Open WebUI refuses {0} with {1}: {2}")]
    Refused(String, u16, String),
    #[error(
        "somebody else changed the connections of Open WebUI at the same time, and nothing of theirs was touched: run this again"
    )]
    Moved,
    #[error(
        "somebody else saved the connections of Open WebUI at the same moment, so that theirs or those of this may be lost: look at them there (Settings, Integrations), and run this again"
    )]
    Crossed,
    #[error(
        "Open WebUI has no account yet, and who signs in first becomes its administrator: with --apply that is {0}"
    )]
    NobodyYet(String),
    #[error("there is no group {name} at Open WebUI, nor one of Gatehall that is brought over", name = quoted(.0))]
    NoGroup(String),
    #[error("no password could be made up for an account: {0}")]
    NoPassword(String),
    #[error("what was done could not be kept, so nothing more was done: {0}")]
    NotKept(String),
}

impl Fault {
    /// What is wrong, in the words of the portal's page, which has no options.
    pub fn on_page(&self) -> String {
        match self {
            Self::WantsHeader => {
                "Open WebUI signs in whom a trusted header names, and takes no passwords: give an \
                 API key or a token, or set GATEHALL_OPEN_WEBUI_TRUSTED_HEADER and \
                 GATEHALL_OPEN_WEBUI_ADMIN_EMAIL of the gate, which then signs in by itself"
                    .into()
            }
            Self::NobodyYet(who) => format!(
                "Open WebUI has no account yet, and who signs in first becomes its administrator: \
                 let {who} sign in there first"
            ),
            other => other.to_string(),
        }
    }

    /// Whether whoever was signed in is so no more, or no more as an administrator.
    pub const fn ends_session(&self) -> bool {
        matches!(self, Self::BadToken | Self::NotAllowed)
    }

    /// What an answer with a failing status means at a place where somebody is signed in.
    pub(crate) fn answered(place: &str, status: u16, body: &[u8], is_api_key: bool) -> Self {
        let said = said(body);
        let not_allowed = said.contains("do not have permission");
        match status {
            401 if not_allowed => Self::NotAllowed,
            401 if SESSION_ENDED.iter().any(|it| said.starts_with(it)) => Self::BadToken,
            403 if said.contains("API key is not enabled") => Self::ApiKeysOff,
            403 if is_api_key && not_allowed => Self::ApiKeyRestricted,
            404 | 405 if matches!(said.as_str(), "Not Found" | "Method Not Allowed") => {
                Self::NoSuchFunction(place.to_owned())
            }
            _ => Self::Refused(place.to_owned(), status, said),
        }
    }
}

/// A name that somebody gave, between marks, so that an empty one is seen.
fn quoted(name: &str) -> String {
    format!("\"{}\"", shown(name, 100))
}

/// How Open WebUI begins to say that nobody is signed in. It answers 401 to much else, too.
const SESSION_ENDED: [&str; 5] = [
    "Your session has expired",
    "Invalid token",
    "401 Unauthorized",
    "Not authenticated",
    "User mismatch",
];

/// What an error says. What a form had in it, and may be secret, is left out.
pub(crate) fn said(body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return "without saying why".into();
    };
    let text = match &body["detail"] {
        Value::String(text) => text.clone(),
        Value::Array(all) => {
            let one = |it: &Value| {
                let place = it["loc"].as_array().map(|all| {
                    let parts = all
                        .iter()
                        .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
                    parts.collect::<Vec<_>>().join(".")
                });
                format!("{}: {}", place.unwrap_or_default(), it["msg"].as_str().unwrap_or_default())
            };
            all.iter().map(one).collect::<Vec<_>>().join("; ")
        }
        _ => "without saying why".into(),
    };
    shown(&text, 300).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_words_that_help() {
        let of = |status, detail: &str, key| {
            let body = serde_json::json!({ "detail": detail }).to_string();
            Fault::answered("/x", status, body.as_bytes(), key).to_string()
        };
        let permission = "You do not have permission to access this resource.";
        assert!(of(401, permission, false).contains("administrator's is needed"));
        assert!(of(403, permission, true).contains("restriction of endpoints"));
        assert!(of(401, "Invalid token", false).contains("has ended"));
        assert!(
            of(403, "Use of API key is not enabled in the environment.", true)
                .contains("ENABLE_API_KEYS")
        );
        for ended in
            ["401 Unauthorized", "Not authenticated", "User mismatch. Please sign in again."]
        {
            assert!(of(401, ended, false).contains("has ended"), "{ended}");
        }
        // So older versions say that there is no such thing.
        let none = of(401, "We could not find what you're looking for :/", false);
        assert!(none.contains("401") && !none.contains("token"), "{none}");
        assert!(of(404, "Not Found", false).contains("too old"));
        assert!(of(404, "We could not find it", false).contains("404"));
    }

    #[test]
    fn a_name_that_was_given_is_shown_and_cut() {
        let of = |name: &str| Fault::NoGroup(name.to_owned()).to_string();
        assert!(of("").contains("no group \"\" at"), "{}", of(""));
        assert!(of("a\u{1b}[31m\u{202e}b").contains("\"a [31mb\""));
        assert!(of(&"x".repeat(20_000)).len() < 300);
    }

    #[test]
    fn what_a_form_had_in_it_is_not_repeated() {
        let body =
            r#"{"detail":[{"loc":["body","key"],"msg":"must be text","input":"ghk_secret"}]}"#;
        let text = said(body.as_bytes());
        assert_eq!(text, "body.key: must be text");
    }
}
