//! How every page is sent.

use askama::Template;
use axum::{
    extract::{FromRequestParts, Query},
    response::{IntoResponse, Response},
};
use gatehall_identity::{Doors, Next};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, ORIGIN, REFERRER_POLICY,
        SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
    },
    request::Parts,
};
use serde::de::DeserializeOwned;

/// Something that was done, or was not, and where to go from here.
#[derive(Template)]
#[template(path = "door/message.html")]
pub(super) struct Message<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) href: &'a str,
    pub(super) link: &'a str,
}

/// Something that is done only when a person says so.
#[derive(Template)]
#[template(path = "door/confirm.html")]
pub(super) struct Confirm<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) action: &'a str,
    pub(super) button: &'a str,
}

/// A page. Nothing runs in it, nothing of others is loaded, and nobody may frame it.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    page_with_forms(status, template, &[])
}

/// A page whose form may lead on to these origins.
pub(super) fn page_with_forms(
    status: StatusCode,
    template: &impl Template,
    origins: &[String],
) -> Response {
    let html = match template.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        origins.join(" ")
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What an answer may do that is no page: nothing at all.
const NOTHING: &str =
    "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// What every answer of the doors has, also one that says that a request cannot be read.
pub(super) async fn protected(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING));
    response
}

/// The query of a page of the doors. What cannot be read is not repeated.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Response> {
        let query = Query::<T>::from_request_parts(head, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|_| {
            let message = Message {
                title: "This link cannot be read",
                text: "A parameter in it is repeated or has an invalid value. Start again.",
                href: "/oauth2/sign_in",
                link: "Sign in",
            };
            page(StatusCode::BAD_REQUEST, &message)
        })
    }
}

/// Sends the browser on. After a form it goes on with GET.
pub(super) fn go(next: Next) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    match HeaderValue::try_from(next.location) {
        Ok(location) => headers.insert(LOCATION, location),
        Err(_) => headers.insert(LOCATION, HeaderValue::from_static("/")),
    };
    with_cookies(response, next.cookies)
}

pub(super) fn with_cookies(mut response: Response, cookies: Vec<HeaderValue>) -> Response {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Where a browser says that a request comes from, if it trusts the host that it goes to.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why nothing was done about a form that is not [`is_own`], and `left` as it was.
pub(super) fn not_own(head: &Parts, doors: &Doors, left: &str) -> Response {
    let path = head.uri.path();
    let (text, href, link) = match doors.public_url() {
        _ if head.headers.contains_key(SITE) => {
            let text = format!(
                "The request came from a page of another site, so nothing was done: {left}."
            );
            (text, path.to_owned(), "Open it here")
        }
        Some(url) => {
            let text = format!(
                "This is not the gate's own address, {url}, so nothing was done: {left}. \
                 Open it there."
            );
            (text, url.join(path).map_or_else(|_| "/".to_owned(), Into::into), "Open it there")
        }
        None => {
            let text = format!(
                "Browsers do not keep a sign-in for this address, so nothing was done: {left}. On \
                 the gate's own machine, open it at http://localhost with the same port. For other \
                 machines, an administrator sets GATEHALL_PUBLIC_URL to the https:// address of the \
                 gate and creates a new link."
            );
            (text, "/oauth2/sign_in".to_owned(), "Sign in")
        }
    };
    let title = "This did not come from Gatehall";
    page(StatusCode::BAD_REQUEST, &Message { title, text: &text, href: &href, link })
}

/// Whether a page of ours sent this, and not one that somebody was led to.
pub(crate) fn is_own(head: &Parts, doors: &Doors) -> bool {
    let text = |name: HeaderName| head.headers.get(name).map(|value| value.to_str().unwrap_or(""));
    match (text(SITE), text(ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            doors.public_url().is_some_and(|url| url.origin().ascii_serialization() == origin)
        }
        // No browser.
        (None, None) => true,
    }
}
