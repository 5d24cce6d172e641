//! Why a request is not answered as it was meant, and how that is told: as a page to people, as a
//! problem document (RFC 9457) to programs.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use gatehall_control::{DeskError, wiring::WiringError};
use gatehall_domain::Refusal;
use gatehall_identity::Rejection;
use gatehall_store::StoreError;
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::{Map, Value, json};

/// Why a request is not answered as it was meant. Nothing was changed.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nobody is signed in.
    NotSignedIn,
    /// The sign-in is too old for what is asked.
    SignInTooOld { by_link: bool },
    /// The person may not.
    NotAllowed(&'static str),
    /// Two proofs name two people, or may.
    TwoPeople(String),
    /// There is nothing here, at least for this person.
    NothingHere,
    /// Another site's page sent this.
    Foreign,
    /// The input cannot be read.
    Unreadable { field: String, problem: String },
    /// The input breaks a rule.
    Refused(Refusal),
    /// Somebody changed the record since it was shown; this is how it is now.
    Changed { what: String, now: Map<String, Value>, seen: String },
    /// What is here is asked for with another method.
    OtherMethod,
    /// Too much was sent.
    TooLarge,
    /// Too many requests came; so many seconds later it may be tried again.
    TooMany(u64),
    /// The database cannot be reached.
    Away,
    /// The database cannot be written, and why.
    Unwritable(String),
    /// Others are changing something.
    Busy,
    /// Somebody else works at Open WebUI; this says who may be.
    AtWork(String),
    /// Open WebUI is in the way; this says how, and what to do.
    OpenWebUi(String),
    /// A fault of ours; the number finds the log line.
    Ours(String),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DeskError> for Fault {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Refused(refusal) => refusal.into(),
            DeskError::Store(error) => error.into(),
            DeskError::Vault(error) => Self::ours(&error),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::Unreachable(_) | StoreError::Locked => {
                tracing::error!(%error, "the portal cannot reach the database");
                Self::Away
            }
            StoreError::Busy | StoreError::Moved => Self::Busy,
            StoreError::Full | StoreError::Disk | StoreError::ReadOnly => {
                tracing::error!(%error, "the portal cannot write the database");
                Self::Unwritable(error.to_string())
            }
            error => Self::ours(&error),
        }
    }
}

impl From<gatehall_open_webui::Fault> for Fault {
    fn from(fault: gatehall_open_webui::Fault) -> Self {
        match fault {
            gatehall_open_webui::Fault::NoGroup(_) => Self::field("groups", fault.to_string()),
            gatehall_open_webui::Fault::OddToken => Self::field("token", fault.to_string()),
            fault => Self::OpenWebUi(fault.on_page()),
        }
    }
}

impl From<WiringError> for Fault {
    fn from(error: WiringError) -> Self {
        match error {
            WiringError::Fault(fault) => fault.into(),
            WiringError::Desk(error) => error.into(),
            WiringError::Store(error) => error.into(),
            WiringError::Taken => Self::AtWork(error.to_string()),
            error => Self::OpenWebUi(error.to_string()),
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::NotKept => Self::Away,
            other => Self::ours(&other),
        }
    }
}

impl Fault {
    /// A fault that only the log explains.
    pub(crate) fn ours(error: &dyn std::fmt::Display) -> Self {
        let reference = uuid::Uuid::now_v7().simple().to_string();
        tracing::error!(%error, reference, "the portal failed");
        Self::Ours(reference)
    }

    /// A field whose value cannot be taken.
    pub(crate) fn field(field: &str, problem: impl Into<String>) -> Self {
        Self::Unreadable { field: field.into(), problem: problem.into() }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::SignInTooOld { .. }
            | Self::NotAllowed(_)
            | Self::TwoPeople(_)
            | Self::Foreign => StatusCode::FORBIDDEN,
            Self::NothingHere | Self::Refused(Refusal::Missing { .. }) => StatusCode::NOT_FOUND,
            Self::Changed { .. }
            | Self::Refused(
                Refusal::Exists { .. }
                | Refusal::Changed { .. }
                | Refusal::Touched { .. }
                | Refusal::InUse { .. }
                | Refusal::LastAdmin,
            ) => StatusCode::CONFLICT,
            Self::Unreadable { .. } | Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::OtherMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Away | Self::Unwritable(_) | Self::Busy | Self::AtWork(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::OpenWebUi(_) => StatusCode::BAD_GATEWAY,
            Self::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What happened, in a few words.
    pub(crate) const fn title(&self) -> &'static str {
        match self {
            Self::NotSignedIn => "You are not signed in",
            Self::SignInTooOld { .. } => "Sign in again",
            Self::NotAllowed(_) => "You do not have access",
            Self::TwoPeople(_) => "It is not clear who you are",
            Self::NothingHere | Self::Refused(Refusal::Missing { .. }) => "Not found",
            Self::Foreign => "This did not come from Gatehall",
            Self::Changed { .. } | Self::Refused(Refusal::Changed { .. }) => {
                "Someone else changed this"
            }
            Self::Unreadable { .. } | Self::Refused(_) => "Not saved",
            Self::OtherMethod => "Method not allowed",
            Self::TooLarge => "Too large",
            Self::TooMany(_) => "Too many requests",
            Self::Away => "The database cannot be reached",
            Self::Unwritable(_) => "The database cannot be written to",
            Self::Busy => "Too many changes at once",
            Self::AtWork(_) => "Another change is in progress",
            Self::OpenWebUi(_) => "There is a problem with Open WebUI",
            Self::Ours(_) => "Something went wrong",
        }
    }

    /// What happened and what to do, in sentences.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::NotSignedIn => "Sign in. Programs send a key for the management API.".into(),
            Self::SignInTooOld { .. } => {
                "Credentials and administrators can be changed only within \
                                   15 minutes of signing in. Nothing was changed."
                    .into()
            }
            Self::NotAllowed(who) => format!("Only {who} can do this."),
            Self::TwoPeople(problem) => problem.clone(),
            Self::NothingHere => "It does not exist, or you do not have access to it.".into(),
            Self::Foreign => {
                "The request came from a page of another site, or from a URL other than \
                              the gate's own (GATEHALL_PUBLIC_URL), so nothing was done. Open \
                              the page here and try again."
                    .into()
            }
            Self::Unreadable { field, problem } => format!("{field}: {problem}"),
            Self::Refused(refusal) => sentence(&refusal.to_string()),
            Self::Changed { what, .. } => {
                format!(
                    "Someone else changed {what} since you opened it. Compare, then save again."
                )
            }
            Self::OtherMethod => {
                "See /api/v1/openapi.json for the methods that are allowed here.".into()
            }
            Self::TooLarge => "Send less, or in several parts.".into(),
            Self::TooMany(seconds) => format!("Try again in {seconds} seconds."),
            Self::Away => "Nothing was changed. Try again in a moment.".into(),
            Self::Unwritable(why) | Self::AtWork(why) | Self::OpenWebUi(why) => sentence(why),
            Self::Busy => "Other changes are being made, and yours could not be made in time. \
                           Nothing was changed. Try again in a few seconds."
                .into(),
            Self::Ours(reference) => {
                format!("Nothing was changed. The log gives the reason under {reference}.")
            }
        }
    }

    /// After how many seconds it may be tried again.
    pub(crate) const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany(seconds) => Some(*seconds),
            Self::Busy | Self::AtWork(_) => Some(3),
            Self::Away | Self::Unwritable(_) => Some(10),
            _ => None,
        }
    }

    /// The field that is wrong, if one is.
    pub(crate) fn wrong_field(&self) -> Option<&str> {
        match self {
            Self::Unreadable { field, .. } => Some(field),
            Self::Refused(Refusal::Invalid { field, .. }) => Some(field),
            _ => None,
        }
    }
}

/// With a capital at its beginning, unless a value stands there, and a full stop at its end, unless
/// it asks.
fn sentence(text: &str) -> String {
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    let first = text.split_whitespace().next().unwrap_or_default();
    let word = first.trim_end_matches([':', ',']);
    if !word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '_' | '\'')) {
        return format!("{text}{stop}");
    }
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}{stop}", first.unwrap_or_default(), letters.as_str())
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut problem = json!({
            "title": self.title(),
            "status": self.status().as_u16(),
            "detail": self.detail(),
        });
        if let Some(field) = self.wrong_field() {
            problem["field"] = field.into();
        }
        if let Self::Changed { now, seen, .. } = &self {
            problem["now"] = Value::Object(now.clone());
            problem["seen"] = seen.as_str().into();
        }
        let mut response = (self.status(), Json(problem)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The guard makes a page of it where a browser waits.
        response.extensions_mut().insert(self);
        response
    }
}
