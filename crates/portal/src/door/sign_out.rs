//! Signing out.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use gatehall_domain::{Attempt, ProviderId};
use gatehall_identity::{Doors, Rejection, is_navigation};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, RETRY_AFTER},
    request::Parts,
};
use serde::Deserialize;
use serde_json::json;

use super::page::{Confirm, Message, go, is_own, page, page_with_forms, refused};

type Shared = State<Arc<Doors>>;

/// Where to go afterwards.
#[derive(Deserialize)]
pub(super) struct Back {
    rd: Option<String>,
}

/// A page of ours, or the address bar, signs out at once; a page of others only when the user
/// agrees.
pub(super) async fn ask(state: Shared, Query(back): Query<Back>, head: Parts) -> Response {
    // A browser that does not say who asks may have been led here.
    let says = head.headers.contains_key("sec-fetch-site");
    if says && is_own(&head, &state.0) || !is_navigation(&head.headers) {
        return act(state, Query(back), head).await;
    }
    let confirm = Confirm {
        title: "Sign out",
        text: "You will have to sign in again to come back.",
        action: "/oauth2/sign_out",
        button: "Sign out",
    };
    page_with_forms(StatusCode::OK, &confirm, &state.0.sign_out_origins())
}

pub(super) async fn act(State(doors): Shared, Query(back): Query<Back>, head: Parts) -> Response {
    if !is_own(&head, &doors) {
        doors.note_foreign(&head, Attempt::SignOut, "session");
        return refused(&Rejection::NoSession);
    }
    let snapshot = doors.snapshot();
    let back = match back.rd {
        Some(rd) => doors.return_to(Some(&rd), &snapshot),
        None => "/oauth2/signed_out".to_owned(),
    };
    match doors.sign_out(&head, &back, &snapshot).await {
        Ok(next) => go(next),
        Err(rejection) => refused(&rejection),
    }
}

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
    Path(provider): Path<ProviderId>,
    head: Parts,
    body: Bytes,
) -> Response {
    let ended = doors.back_channel_logout(&head, &provider, &body, &doors.snapshot()).await;
    let mut response = match ended {
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
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// OpenID Connect Front-Channel Logout 1.0, section 2: an empty page that only the provider may
/// frame.
pub(super) async fn front_channel(
    State(doors): Shared,
    Path(provider): Path<ProviderId>,
    head: Parts,
) -> Response {
    match doors.front_channel_logout(&head, &provider).await {
        Ok(origin) => {
            let policy = format!("default-src 'none'; frame-ancestors {origin}");
            let mut response = "".into_response();
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if let Ok(policy) = HeaderValue::try_from(policy) {
                headers.insert(CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        Err(rejection) => refused(&rejection),
    }
}
