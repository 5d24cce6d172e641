//! Stands before every page and operation: refuses what other sites' pages send, reads forms once,
//! and makes a page of what went wrong.

use std::sync::Arc;

use askama::Template;
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use gatehall_domain::{Refusal, names::encoded};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    answer::{go_to, protect, render},
    face::Face,
    fault::Fault,
    frame::sign_in_again,
    input::Submitted,
    mend::{Form, Mend, label, plain},
    notice,
    own_page::{is_own_page, page_before},
    portal::Portal,
    preference::SCHEME,
    shown::Short,
};
use crate::door::is_own;

/// The largest form, in bytes. Files that are imported have a limit of their own.
const LARGEST_FORM: usize = 1 << 20;

pub(super) async fn guard(
    State(portal): State<Arc<Portal>>,
    request: Request,
    next: Next,
) -> Response {
    let face = Face::of(request.uri().path());
    let address = request.uri().path_and_query().map_or("/", |it| it.as_str()).to_owned();
    let method = request.method().clone();
    let headers = request.headers().clone();
    let told = notice::told(request.uri(), &headers);
    let mut submitted = Submitted::default();
    let mut response = match admit(&portal, request, &mut submitted).await {
        Ok(request) => next.run(request).await,
        Err(fault) => fault.into_response(),
    };
    if face == Face::Page
        && let Some(fault) = response.extensions_mut().remove::<Fault>()
    {
        let form = Form { address: &address, submitted, snapshot: Some(portal.hall.snapshot()) };
        response = page_of(&fault, &method, &headers, form);
        if let Some(seconds) = fault.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    if let Some(told) = told.filter(|_| method == Method::GET && response.status().is_success()) {
        notice::forget(response.headers_mut(), &told);
    }
    protect(response.headers_mut(), &portal.doors.sign_out_origins());
    response
}

/// Lets a request in, with its form read.
async fn admit(
    portal: &Portal,
    request: Request,
    submitted: &mut Submitted,
) -> Result<Request, Fault> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(request);
    }
    let (mut head, body) = request.into_parts();
    // A browser sends cookies whoever asks. A program shows a key instead, and then its cookies do
    // not count.
    let face = Face::of(head.uri.path());
    let by_key = face == Face::Api && head.headers.contains_key(AUTHORIZATION);
    if !by_key && !is_own(&head, &portal.doors) {
        return Err(Fault::Foreign);
    }
    let kind = head.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Ok(Request::from_parts(head, body));
    }
    if face == Face::Api {
        return Err(Fault::field("Content-Type", "send application/json"));
    }
    let bytes = to_bytes(body, LARGEST_FORM).await.map_err(|_| Fault::TooLarge)?;
    submitted.0 = form_urlencoded::parse(&bytes).into_owned().collect();
    head.extensions.insert(submitted.clone());
    Ok(Request::from_parts(head, Body::empty()))
}

/// What is at no other path: a page for people, a problem document for programs.
pub(crate) async fn nothing_here(head: http::request::Parts) -> Response {
    let person = gatehall_identity::is_navigation(&head.headers);
    let mut response = match (Face::of(head.uri.path()), person) {
        (Face::Api, _) => Fault::NothingHere.into_response(),
        (Face::Page, true) => {
            let form = Form::empty(head.uri.path());
            page_of(&Fault::NothingHere, &head.method, &head.headers, form)
        }
        (Face::Page, false) => http::StatusCode::NOT_FOUND.into_response(),
    };
    protect(response.headers_mut(), &[]);
    response
}

/// A page that only a form makes cannot be opened by its address: the page above it has the form.
pub(super) async fn other_method(head: http::request::Parts) -> Response {
    let above = head.uri.path().rsplit_once('/').map_or("/", |(above, _)| above);
    match Face::of(head.uri.path()) {
        Face::Page if head.method == Method::GET => {
            go_to(if above.is_empty() { "/" } else { above })
        }
        _ => Fault::OtherMethod.into_response(),
    }
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage<'a> {
    title: &'a str,
    detail: String,
    scheme: &'a str,
    /// Leads on.
    href: String,
    link: &'a str,
    action: &'a str,
    /// What was sent, to be mended and sent again.
    fields: Vec<Mend>,
    conflict: bool,
    /// The record as it is now, if somebody changed it meanwhile.
    now: Vec<(String, String)>,
    /// Whether the link leads on beside this page, so that what was typed stays.
    aside: bool,
}

fn page_of(fault: &Fault, method: &Method, headers: &HeaderMap, form: Form<'_>) -> Response {
    let address = form.address;
    // A part that a page asks for by itself is not worth a sign-in that nobody waits for.
    let person = gatehall_identity::is_navigation(headers);
    if matches!(fault, Fault::NotSignedIn) && *method == Method::GET && person {
        return go_to(&format!("/oauth2/start?rd={}", encoded(address)));
    }
    // Whoever was led here is not led back.
    let back = page_before(headers).filter(|_| !matches!(fault, Fault::Foreign));
    let back = back.unwrap_or_else(|| "/".into());
    let (href, link) = match fault {
        Fault::NotSignedIn => ("/oauth2/sign_in".into(), "Sign in"),
        Fault::SignInTooOld { by_link } => {
            let rd = if *method == Method::GET { address.to_owned() } else { back };
            (sign_in_again(*by_link, &rd), "Sign in again")
        }
        _ if *method == Method::GET => ("/".into(), "Go to the home page"),
        _ => (back, "Go back"),
    };
    let mendable = matches!(
        fault,
        Fault::Unreadable { .. }
            | Fault::Refused(_)
            | Fault::Changed { .. }
            | Fault::SignInTooOld { .. }
            | Fault::NotSignedIn
            | Fault::AtWork(_)
            | Fault::OpenWebUi(_)
    );
    let fields = if mendable { form.mend(fault) } else { Vec::new() };
    let compared = fields.iter().any(|field| field.now.is_some() && !field.hidden);
    let page = FaultPage {
        title: match fault {
            Fault::Refused(_) if *method != Method::GET => "Not saved",
            Fault::Refused(Refusal::Missing { .. }) => fault.title(),
            Fault::Refused(_) | Fault::Unreadable { .. } if *method == Method::GET => {
                "This page cannot be shown"
            }
            fault => fault.title(),
        },
        detail: fault.detail(),
        scheme: SCHEME.of(headers),
        href,
        link,
        action: if is_own_page(address) { address } else { "/" },
        fields,
        conflict: matches!(fault, Fault::Changed { .. }),
        now: match fault {
            // Said once: beside the fields, or where there are none to compare.
            Fault::Changed { now, .. } if !compared => now.iter().filter_map(shown).collect(),
            _ => Vec::new(),
        },
        aside: matches!(fault, Fault::SignInTooOld { .. } | Fault::NotSignedIn),
    };
    render(fault.status(), &page)
}

/// A member of a record as people read it; ids say nothing to them.
fn shown((name, value): (&String, &Value)) -> Option<(String, String)> {
    let text = match value {
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Object(_) => return None,
        value => Short::name(&plain(value)),
    };
    (name != "id" && !text.is_empty()).then(|| (label("", name), text))
}
