//! Signing out.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use gatehall_domain::{Attempt, ProviderId, names::encoded};
use gatehall_identity::{Doors, Rejection, SignInFault, SignedOut};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_SECURITY_POLICY, RETRY_AFTER},
    request::Parts,
};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{
    page::{Asked, Confirm, Message, go, is_own, not_own, page, page_with_forms, with_cookies},
    refused::refused,
};

type Shared = State<Arc<Doors>>;

/// Where to go afterwards.
#[derive(Deserialize)]
pub(super) struct Back {
    rd: Option<String>,
}

/// Whoever opens the address, from a page of ours or the address bar, is signed out at once.
/// Everybody else is asked: a page of others can make a browser ask for any address, as an image
/// too, and a browser that does not say who asks may have been led here.
pub(super) async fn ask(state: Shared, Asked(back): Asked<Back>, head: Parts) -> Response {
    if is_opened(&head) {
        return act(state, Asked(back), head).await;
    }
    let State(doors) = state;
    let mut origins = doors.sign_out_origins();
    let mut action = "/oauth2/sign_out".to_owned();
    if let Some(rd) = back.rd {
        let to = doors.return_to(Some(&rd), &doors.snapshot());
        let elsewhere = Url::parse(&to).ok().map(|url| url.origin().ascii_serialization());
        origins.extend(elsewhere);
        action = format!("{action}?rd={}", encoded(&to));
    }
    let confirm = Confirm {
        title: "Sign out",
        text: "To come back, you will have to sign in again.",
        action: &action,
        button: "Sign out",
    };
    page_with_forms(StatusCode::OK, &confirm, &origins)
}

/// Whether a person opens this address as a page (Fetch Metadata), and nothing is only fetched
/// ahead of its time.
fn is_opened(head: &Parts) -> bool {
    let text = |name: &'static str| {
        let mut values = head.headers.get_all(HeaderName::from_static(name)).iter();
        let value = values.next().and_then(|value| value.to_str().ok());
        value.filter(|_| values.next().is_none())
    };
    let ahead = ["sec-purpose", "purpose", "x-moz"];
    matches!(text("sec-fetch-site"), Some("same-origin" | "none"))
        && text("sec-fetch-mode") == Some("navigate")
        && text("sec-fetch-dest") == Some("document")
        && !ahead.iter().any(|name| head.headers.contains_key(*name))
}

pub(super) async fn act(State(doors): Shared, Asked(back): Asked<Back>, head: Parts) -> Response {
    if !is_own(&head, &doors) {
        doors.note_foreign(&head, Attempt::SignOut, "session");
        return not_own(&head, &doors, "your sign-in is as it was before");
    }
    let snapshot = doors.snapshot();
    let back = match back.rd {
        Some(rd) => doors.return_to(Some(&rd), &snapshot),
        None => "/oauth2/signed_out".to_owned(),
    };
    match doors.sign_out(&head, &back, &snapshot).await {
        SignedOut::Everywhere(next) => go(next),
        SignedOut::Here { cookies } => with_cookies(page(StatusCode::OK, &HERE), cookies),
    }
}

/// What is true while the database cannot be written.
const HERE: Message<'_> = Message {
    title: "You are signed out here",
    text: "This gate has ended your sign-in, and this browser has forgotten it. The database cannot \
           be written to at the moment; other replicas of this gate, if there are any, will end it \
           as soon as it can be. Your provider has not been told: sign out there as well.",
    href: "/oauth2/sign_in",
    link: "Sign in",
};

pub(super) async fn done() -> Response {
    let message = Message {
        title: "You are signed out",
        text: "Close this window, or sign in again.",
        href: "/oauth2/sign_in",
        link: "Sign in",
    };
    page(StatusCode::OK, &message)
}

/// OpenID Connect Back-Channel Logout 1.0, section 2.8.
pub(super) async fn back_channel(
    State(doors): Shared,
    Path(provider): Path<String>,
    head: Parts,
    body: Bytes,
) -> Response {
    let ended = match provider.parse::<ProviderId>() {
        Ok(provider) => doors.back_channel_logout(&head, &provider, &body, &doors.snapshot()).await,
        Err(_) => Err(SignInFault::NoProvider.into()),
    };
    match ended {
        Ok(_) => StatusCode::OK.into_response(),
        Err(Rejection::TooMany(seconds)) => {
            let wait = [(RETRY_AFTER, seconds.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, wait, "Too many requests.\n").into_response()
        }
        Err(rejection) => {
            let status = match rejection {
                Rejection::NotKept => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::BAD_REQUEST,
            };
            let error = json!({
                "error": "invalid_request",
                "error_description": rejection.to_string(),
            });
            (status, Json(error)).into_response()
        }
    }
}

/// OpenID Connect Front-Channel Logout 1.0, section 2: an empty page that only the provider may
/// frame.
pub(super) async fn front_channel(
    State(doors): Shared,
    Path(provider): Path<String>,
    head: Parts,
) -> Response {
    let Ok(provider) = provider.parse::<ProviderId>() else {
        return refused(&SignInFault::NoProvider.into());
    };
    match doors.front_channel_logout(&head, &provider).await {
        Ok(origin) => {
            let policy = format!("default-src 'none'; frame-ancestors {origin}");
            let mut response = "".into_response();
            if let Ok(policy) = HeaderValue::try_from(policy) {
                response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        Err(rejection) => refused(&rejection),
    }
}
