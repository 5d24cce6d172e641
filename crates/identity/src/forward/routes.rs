//! The endpoints that proxies ask.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use gatehall_domain::{EmailAddress, GroupName, names::encoded};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE},
    request::Parts,
};

use super::{Dialect, Person, Problem, Question, Target, Verdict, headers};
use crate::{Rejection, doors::Doors, login::Query, resource};

/// The endpoints of all proxies, the keys with which backends check what they are told, and the
/// metadata of the protected resources.
pub(crate) fn routes(doors: &Arc<Doors>) -> Router {
    let ask = |dialect: Dialect| {
        any(move |State(doors): State<Arc<Doors>>, request: Request| async move {
            answer(&doors, dialect, request.into_parts().0).await
        })
    };
    Router::new()
        .route("/auth/traefik", ask(Dialect::Traefik))
        .route("/auth/caddy", ask(Dialect::Caddy))
        .route("/auth/nginx", ask(Dialect::Nginx))
        .route("/auth/envoy", ask(Dialect::Envoy))
        .route("/auth/envoy/", ask(Dialect::Envoy))
        .route("/auth/envoy/{*path}", ask(Dialect::Envoy))
        .route("/auth/forwarded-user", ask(Dialect::ForwardedUser))
        .route("/oauth2/auth", ask(Dialect::OAuth2Proxy))
        .route("/.well-known/jwks.json", get(key_set))
        .merge(resource::routes())
        .with_state(Arc::clone(doors))
}

async fn key_set(State(doors): State<Arc<Doors>>) -> Response {
    let cached = [(CACHE_CONTROL, "public, max-age=300")];
    (cached, Json(doors.assertions.key_set())).into_response()
}

async fn answer(doors: &Doors, dialect: Dialect, head: Parts) -> Response {
    let now = doors.clock.now();
    if !doors.snapshots.is_fresh(now) {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "The gate is closed for now.");
    }
    let snapshot = doors.snapshots.snapshot();
    let question = Question { dialect, head: &head, snapshot: &snapshot, now };
    let (verdict, target) = doors.judge(&question).await;
    match verdict {
        Verdict::Pass(person) => {
            if dialect == Dialect::OAuth2Proxy && !wanted_by_query(&head, person.as_ref()) {
                return refusal(StatusCode::FORBIDDEN, "You may not enter here.");
            }
            pass(doors, &question, person.as_ref(), target.as_ref())
        }
        Verdict::Forbidden => refusal(StatusCode::FORBIDDEN, "You may not enter here."),
        Verdict::NotAProxy => refusal(
            StatusCode::FORBIDDEN,
            "Only a proxy may ask this: an administrator has to list it in GATEHALL_TRUSTED_PROXIES.",
        ),
        // Of these two nginx passes on only that nobody may enter.
        Verdict::Unclear(Problem::Odd(text)) if !dialect.redirects() => {
            refusal(StatusCode::FORBIDDEN, text)
        }
        Verdict::Unclear(problem) => refusal(StatusCode::BAD_REQUEST, problem.as_str()),
        Verdict::Prove(Rejection::TooMany(seconds)) => {
            let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "Too many requests.");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        Verdict::Prove(rejection) => prove(doors, dialect, &head, target.as_ref(), &rejection),
    }
}

/// What is said of somebody about whom there is too much to say.
const TOO_MANY_GROUPS: &str = "You are in too many groups for the headers that a proxy can take: an \
                               administrator has to take you out of some.";

/// Exactly 200, which every proxy takes; 202 where oauth2-proxy answered so.
fn pass(
    doors: &Doors,
    question: &Question<'_>,
    person: Option<&Person>,
    target: Option<&Target>,
) -> Response {
    let Question { dialect, now, .. } = *question;
    let mut response = Response::new(Body::empty());
    if dialect == Dialect::OAuth2Proxy {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    let host = target.map_or("", |target| target.host.as_str());
    let assertion = match person {
        Some(person) => doors.assertions.assert(person, doors.issuer(), host, now),
        None => HeaderValue::from_static(""),
    };
    let out = response.headers_mut();
    headers::add(out, person, assertion);
    if let (Dialect::OAuth2Proxy, Some(person)) = (dialect, person) {
        headers::add_auth_request(out, person);
    }
    // Fewer groups than there are could open what only somebody with none of the others may see.
    if headers::size(out) > headers::MOST {
        if let (Some(person), Some(target)) = (person, target) {
            doors.note_entry(question, target, Some(person.user), Some("person.groups"));
        }
        return refusal(StatusCode::FORBIDDEN, TOO_MANY_GROUPS);
    }
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Browsers are sent to sign in, programs are told to show a proof.
fn prove(
    doors: &Doors,
    dialect: Dialect,
    head: &Parts,
    target: Option<&Target>,
    rejection: &Rejection,
) -> Response {
    // In a migration another program signs in. Signing in helps nobody who shows too much: they
    // would go round in circles.
    let helps = dialect != Dialect::ForwardedUser && !rejection.is_final();
    let own = helps && is_navigation(&head.headers);
    let sign_in = target.filter(|_| own).and_then(|target| {
        let public_url = doors.settings.public_url.as_ref()?;
        let mut url = public_url.join("/oauth2/start").ok()?;
        url.set_query(Some(&format!("rd={}", encoded(target.url()?.as_str()))));
        HeaderValue::try_from(String::from(url)).ok()
    });
    let status = match (&sign_in, dialect.redirects()) {
        (Some(_), true) => StatusCode::FOUND,
        _ => StatusCode::UNAUTHORIZED,
    };
    let mut response = refusal(status, &rejection.to_string());
    let out = response.headers_mut();
    if let Some(location) = sign_in {
        out.insert(LOCATION, location);
    }
    if status == StatusCode::UNAUTHORIZED {
        out.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"gatehall\""));
    }
    response
}

/// Whether a browser shows a page to somebody who can sign in.
/// Used by pages, too.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let mode = text(HeaderName::from_static("sec-fetch-mode"));
    let script = text(HeaderName::from_static("x-requested-with")).is_some();
    // Some proxies do not say that a connection is to be upgraded.
    let upgrade = headers.contains_key(http::header::UPGRADE)
        || headers.contains_key(http::header::SEC_WEBSOCKET_KEY);
    let page = text(http::header::ACCEPT).is_some_and(|it| it.contains("text/html"));
    page && !script
        && !upgrade
        && mode.is_none_or(|mode| mode == "navigate")
        && !headers.contains_key(AUTHORIZATION)
}

/// What an administrator wrote behind the address, as with oauth2-proxy. It can only narrow.
fn wanted_by_query(head: &Parts, person: Option<&Person>) -> bool {
    let query = Query::of(&head.uri);
    let list = |name: &str| match query.one(name) {
        Ok(Some(text)) => Some(text.split(',').map(str::to_owned).collect::<Vec<_>>()),
        Ok(None) => None,
        // Twice: nobody could say which counts.
        Err(()) => Some(Vec::new()),
    };
    let names = ["allowed_groups", "allowed_emails", "allowed_email_domains"];
    let [groups, emails, domains] = names.map(list);
    let Some(person) = person else {
        return groups.is_none() && emails.is_none() && domains.is_none();
    };
    let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b);
    let domain = person.email.split_once('@').map_or("", |(_, domain)| domain);
    groups.is_none_or(|it| {
        it.iter().any(|name| {
            name.trim().parse::<GroupName>().is_ok_and(|name| {
                person.groups.iter().any(|own| own.eq_ignore_ascii_case(name.as_str()))
            })
        })
    }) && emails.is_none_or(|it| {
        it.iter().any(|it| it.parse::<EmailAddress>().is_ok_and(|it| it.as_str() == person.email))
    }) && domains.is_none_or(|it| it.iter().any(|it| same(it, domain)))
}

fn refusal(status: StatusCode, text: &str) -> Response {
    let mut response = (status, format!("{text}\n")).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
